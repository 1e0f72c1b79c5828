/** What a teammate sees in the simulated Intercom. */
import type { InboxConversation, InboxPart, IntercomInbox } from '../page/api.ts';
import type { Upload } from '../platforms/intercom/world.ts';
import type { InboxEntry, IntercomEmulator } from '../platforms/intercom.ts';
import { INTERCOM_WORKSPACE } from '../town/emulators.ts';
import { appOf, asPeopleWriteIt } from './chats.ts';
import type { FileShelf } from './shelf.ts';

export function showIntercom(intercom: IntercomEmulator, shelf: FileShelf): IntercomInbox {
  const workspace = intercom.workspace(INTERCOM_WORKSPACE);
  return {
    workspace: { id: workspace.idCode, name: workspace.name },
    teammate: { name: workspace.teammates[0]?.name ?? '' },
    conversations: intercom.inbox(INTERCOM_WORKSPACE).map((one): InboxConversation => {
      const stored = workspace.conversations.get(one.id);
      const uploads = [stored?.source.uploads ?? [], ...(stored?.parts ?? []).map((part) => part.uploads)];
      const parts = one.entries.map((entry, index) => showPart(entry, uploads[index] ?? [], shelf));
      return {
        id: one.id,
        contact: {
          id: one.contact?.id ?? '',
          name: one.contact?.name ?? 'Unknown',
          ...(one.contact?.phone ? { address: asPeopleWriteIt(one.contact.phone) } : {}),
        },
        app: appOf(one.contact?.phone ?? undefined),
        state: one.state as InboxConversation['state'],
        unread: waitsForUs(parts),
        updatedAt: one.updatedAt,
        parts,
      };
    }),
  };
}

/** The customer has the last word. */
export const waitsForUs = (parts: InboxPart[]): boolean =>
  parts.findLast((part) => part.kind === 'message')?.author.kind === 'customer';

function showPart(entry: InboxEntry, uploads: Upload[], shelf: FileShelf): InboxPart {
  const author = authorOf(entry);
  const empty = entry.text === '' && uploads.length === 0;
  const kind = entry.partType === 'note' ? 'note' : empty ? 'event' : 'message';
  return {
    id: entry.id,
    kind,
    author,
    text: kind === 'event' ? eventWords(entry.partType, author.name) : entry.text,
    files: uploads.map((upload) => shelf.view(upload)),
    at: entry.at,
  };
}

/** Intercom shows what an app writes under the teammate who installed it, and names the app. */
function authorOf({ author, appPackageCode }: InboxEntry): InboxPart['author'] {
  const name = author.name ?? 'Unknown';
  if (author.type === 'user' || author.type === 'lead') return { kind: 'customer', name };
  return appPackageCode === null ? { kind: 'teammate', name } : { kind: 'app', name: `${name} via Octopods` };
}

const EVENTS: Record<string, string> = {
  assignment: 'took the conversation',
  close: 'closed the conversation',
  open: 'reopened the conversation',
  snoozed: 'snoozed the conversation',
};
const eventWords = (partType: string, name: string): string =>
  `${name} ${EVENTS[partType] ?? partType.replaceAll('_', ' ')}`;
