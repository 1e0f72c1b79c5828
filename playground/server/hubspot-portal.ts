/** What an agent sees in the simulated HubSpot: the inbox, and the contact's record beside it. */
import type { HubspotPortal, HubspotThread, InboxPart } from '../page/api.ts';
import type { HubspotEmulator, InboxMessage, InboxThread, Portal } from '../platforms/hubspot.ts';
import { PORTAL } from '../town/emulators.ts';
import { appOf, asPeopleWriteIt } from './chats.ts';
import { waitsForUs } from './intercom-inbox.ts';
import type { FileShelf } from './shelf.ts';

/** Who answers on this page. */
export const AGENT = 71;

export function showHubspot(
  hubspot: HubspotEmulator,
  shelf: FileShelf,
  extension: HubspotPortal['extension'],
): HubspotPortal {
  const portal = hubspot.portal(PORTAL);
  return {
    portal: { id: portal.id, name: portal.name },
    agent: { name: portal.users.find((user) => user.id === AGENT)?.name ?? '' },
    threads: hubspot.inbox(PORTAL).map((thread) => showThread(thread, portal, shelf)),
    extension,
  };
}

function showThread(thread: InboxThread, portal: Portal, shelf: FileShelf): HubspotThread {
  const parts = thread.messages.map((message) => showMessage(message, portal, shelf));
  const { contact, visitor } = thread;
  const phone = visitor.type === 'HS_PHONE_NUMBER' ? asPeopleWriteIt(visitor.value) : undefined;
  const customer = thread.messages.find((message) => message.direction === 'INCOMING')?.author.name;
  return {
    id: thread.id,
    contact: {
      id: contact?.id ?? '',
      name: (contact && nameOf(contact.properties)) ?? customer ?? phone ?? 'Visitor',
      ...(phone ? { address: phone } : {}),
    },
    app: appOf(visitor.value),
    channel: thread.channel.replace(/^Octopods /, ''),
    state: thread.status === 'OPEN' ? 'open' : 'closed',
    unread: waitsForUs(parts),
    updatedAt: thread.latestMessageAt,
    parts,
    ...(contact
      ? {
          record: {
            objectId: Number(contact.id),
            objectTypeId: '0-1',
            properties: propertiesOf(contact.properties),
          },
        }
      : {}),
  };
}

type Properties = Record<string, string | null>;
const nameOf = ({ firstname, lastname }: Properties): string | undefined =>
  [firstname, lastname].filter(Boolean).join(' ') || undefined;

/** The record's "About this contact", as a portal shows it before anybody changes it. */
const propertiesOf = (properties: Properties) =>
  [
    ['Name', nameOf(properties)],
    ['Phone number', properties.phone && asPeopleWriteIt(properties.phone)],
    ['Email', properties.email],
  ].map(([label, value]) => ({ label: label ?? '', value: value ?? '' }));

function showMessage(message: InboxMessage, portal: Portal, shelf: FileShelf): InboxPart {
  const customer = message.direction === 'INCOMING';
  const teammate = message.author.actorId.startsWith('A-');
  const name = message.author.name ?? (customer ? 'Visitor' : 'Octopods');
  const files = message.attachments.flatMap((one) => portal.files.get(one.fileId ?? '') ?? []);
  return {
    id: message.id,
    kind: message.type === 'COMMENT' ? 'note' : 'message',
    author: { kind: customer ? 'customer' : teammate ? 'teammate' : 'app', name },
    text: message.text,
    files: files.map(({ name, contentType, bytes }) => shelf.view({ name, contentType, bytes })),
    at: message.at,
    ...(customer || message.type === 'COMMENT' ? {} : statusOf(message)),
  };
}

const STATUSES = { SENT: 'sent', READ: 'read', FAILED: 'failed', RECEIVED: 'sent' } as const;
function statusOf({ status }: InboxMessage): Pick<InboxPart, 'status' | 'reason'> {
  return {
    status: STATUSES[status.statusType],
    ...(status.errorMessage ? { reason: status.errorMessage } : {}),
  };
}
