/** An agent's message, as the webhook and the thread's history both show it, in our own words. */
import { z } from 'zod';
import type { ContactPart, FileKind, FilePart, MessageEvent, Part } from '../../core/message.ts';
import { parseRichText } from '../../core/rich-text.ts';
import type { Attachment, HubspotMessage } from './shapes.ts';

/** What `media()` needs to fetch an attachment: kept in the part as JSON. */
export const fileRefShape = z.object({ fileId: z.string().optional(), url: z.string().optional() });

/** False for our own publishing, for what customers wrote, and for comments and notices in the thread. */
export const isFromAgent = (message: HubspotMessage, appId: string | undefined): boolean =>
  message.direction === 'OUTGOING' &&
  (message.type ?? 'MESSAGE') === 'MESSAGE' &&
  !(appId !== undefined && message.client?.integrationAppId === appId);

export function agentEvent(
  message: HubspotMessage,
  connection: MessageEvent['connection'],
  receivedAt: number,
): MessageEvent {
  const at = Date.parse(message.createdAt ?? '');
  const sender = message.senders?.[0];
  const recipient = message.recipients?.[0]?.deliveryIdentifier?.value;
  return {
    kind: 'message',
    connection,
    id: message.id,
    thread: message.conversationsThreadId,
    author: {
      kind: 'agent',
      ...(sender?.actorId ? { id: sender.actorId } : {}),
      ...(sender?.name ? { name: sender.name } : {}),
    },
    parts: partsOf(message),
    at: Number.isNaN(at) ? receivedAt : at,
    ...(message.inReplyToId ? { replyTo: message.inReplyToId } : {}),
    route: {
      ...(message.channelAccountId ? { channelAccountId: message.channelAccountId } : {}),
      ...(recipient ? { recipient } : {}),
    },
    ...(message.truncationStatus === 'TRUNCATED' ? { partial: true } : {}),
  };
}

/** Text first, then pictures from inside the text, then the attachments. Never empty. */
export function partsOf(message: Pick<HubspotMessage, 'text' | 'richText' | 'attachments'>): Part[] {
  const html = message.richText ?? undefined;
  const text = message.text ?? '';
  const parts: Part[] = [];
  if (text.trim() !== '' || (html !== undefined && html.trim() !== ''))
    parts.push({ kind: 'text', text, ...(html === undefined ? {} : { html }) });
  parts.push(...inlineImages(html));
  parts.push(...(message.attachments ?? []).map(partOf));
  return parts.length > 0 ? parts : [{ kind: 'other', summary: 'an empty message' }];
}

const inlineImages = (html: string | undefined): Part[] =>
  html === undefined
    ? []
    : parseRichText(html)
        .images.filter((image) => image.src.startsWith('http'))
        .map((image) => filePart('image', { url: image.src }, image.alt));

function partOf(attachment: Attachment): Part {
  switch (attachment.type) {
    case 'FILE':
      return filePart(
        kindOf(attachment),
        {
          ...(attachment.fileId ? { fileId: attachment.fileId } : {}),
          ...(attachment.url ? { url: attachment.url } : {}),
        },
        attachment.name ?? undefined,
      );
    case 'LOCATION':
      return locationPart(attachment);
    case 'CONTACT':
      return contactPart(attachment.contactProfile);
    default:
      return { kind: 'other', summary: attachment.type.toLowerCase().replaceAll('_', ' ') };
  }
}

const filePart = (kind: FileKind, ref: z.infer<typeof fileRefShape>, name?: string): FilePart => ({
  kind: 'file',
  file: { kind, ref: JSON.stringify(ref), ...(name ? { name } : {}) },
});

const USAGES: Record<string, FileKind> = {
  IMAGE: 'image',
  AUDIO: 'audio',
  VOICE_RECORDING: 'voice',
  STICKER: 'sticker',
};

/** HubSpot has no word for videos: their name tells. */
function kindOf(attachment: Attachment): FileKind {
  const usage = USAGES[attachment.fileUsageType ?? ''];
  if (usage) return usage;
  const name = attachment.name ?? '';
  if (/\.(mp4|mov|webm|3gp|mkv)$/i.test(name)) return 'video';
  if (/\.(jpe?g|png|gif|webp)$/i.test(name)) return 'image';
  return 'document';
}

function locationPart(attachment: Attachment): Part {
  const { latitude, longitude, name, address } = attachment;
  if (typeof latitude !== 'number' || typeof longitude !== 'number')
    return { kind: 'other', summary: 'a location without coordinates' };
  return {
    kind: 'location',
    latitude,
    longitude,
    ...(name ? { name } : {}),
    ...(address ? { address } : {}),
  };
}

const profileShape = z.object({
  name: z.object({ firstName: z.string().nullish(), lastName: z.string().nullish() }).nullish(),
  phones: z.array(z.object({ phone: z.string() })).default([]),
  emails: z.array(z.object({ email: z.string() })).default([]),
});

function contactPart(profile: unknown): ContactPart {
  const known = profileShape.safeParse(profile).data;
  return {
    kind: 'contact',
    name: [known?.name?.firstName, known?.name?.lastName].filter(Boolean).join(' '),
    phones: known?.phones.map(({ phone }) => phone) ?? [],
    emails: known?.emails.map(({ email }) => email) ?? [],
  };
}
