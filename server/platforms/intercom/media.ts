/** Files of agents' messages. Their URLs are signed and die after 30 minutes; the conversation names fresh ones. */
import type { HttpDownload, Io } from '../../core/adapter.ts';
import type { Part, RemoteFile } from '../../core/message.ts';
import { fromHttpStatus, isOutcome, type NotSent, refused, retry } from '../../core/outcome.ts';
import { openApi, outcomeOf } from './api.ts';
import type { IntercomApp, IntercomConnection } from './app.ts';
import { type ConversationPart, eventId, readConversation } from './conversation.ts';
import { type FileRef, filesOf, partsOf } from './parts.ts';

/**
 * Where Intercom keeps attachments, by its own list for content security policies:
 * https://www.intercom.com/help/en/articles/3894-using-intercom-with-content-security-policy
 */
const HOSTS = [
  '.intercomcdn.com',
  '.intercomcdn.eu',
  '.intercomusercontent.com',
  '.intercom-attachments.com',
  '.intercom-attachments.eu',
  ...Array.from({ length: 9 }, (_, index) => `.intercom-attachments-${index + 1}.com`),
];

type Media = { body: AsyncIterable<Uint8Array>; contentType?: string; name?: string };

export async function fetchMedia(
  app: IntercomApp,
  file: RemoteFile,
  connection: IntercomConnection,
  io: Io,
): Promise<Media | NotSent> {
  const ref = JSON.parse(file.ref) as FileRef;
  const first = await download(app, ref.url, io);
  if (first.status < 300) return opened(first, file);
  if (![401, 403, 404, 410].includes(first.status)) return unavailable(first.status);
  const fresh = await freshUrl(app, ref, connection, io);
  if (isOutcome(fresh)) return fresh as NotSent;
  const second = await download(app, fresh, io);
  return second.status < 300 ? opened(second, file) : unavailable(second.status);
}

/** Without our token: the URL is the permission. */
const download = (app: IntercomApp, url: string, io: Io): Promise<HttpDownload> =>
  io.http.download({
    method: 'GET',
    url,
    hosts: app.apiUrl ? [...HOSTS, new URL(app.apiUrl).hostname] : HOSTS,
    timeoutMs: 25_000,
  });

const opened = ({ body, headers }: HttpDownload, file: RemoteFile): Media => {
  const contentType = headers['content-type'] ?? file.contentType;
  return {
    body,
    ...(contentType ? { contentType } : {}),
    ...(file.name ? { name: file.name } : {}),
  };
};

/** A download is a read: whatever failed over there can be repeated. */
function unavailable(status: number): NotSent {
  if (status >= 500) return retry(`Intercom’s file store answered ${status}`);
  const outcome = fromHttpStatus(status, `Intercom no longer has this file (${status}).`);
  return outcome.outcome === 'unauthorized' ? refused(status, outcome.why) : outcome;
}

async function freshUrl(
  app: IntercomApp,
  ref: FileRef,
  connection: IntercomConnection,
  io: Io,
): Promise<string | NotSent> {
  const part = await readPart(app, { id: ref.part, thread: ref.conversation }, connection, io);
  if (isOutcome(part)) return part as NotSent;
  const files = filesOf(part as ConversationPart);
  const same = files.find(({ url }) => withoutQuery(url) === withoutQuery(ref.url)) ?? files[ref.index];
  return same?.url ?? refused('file_gone', 'The file was removed from the message in Intercom.');
}

const withoutQuery = (url: string): string => url.split('?', 1)[0] ?? url;

/** The message whole: HTML with its links and inline images, which webhooks of 2.15 and later leave out. */
export async function readBack(
  app: IntercomApp,
  event: { id: string; thread: string },
  connection: IntercomConnection,
  io: Io,
): Promise<Part[] | NotSent> {
  const part = await readPart(app, event, connection, io);
  if (isOutcome(part)) return part as NotSent;
  const read = part as ConversationPart;
  return read.redacted ? [] : partsOf(read, { conversation: event.thread, part: event.id });
}

async function readPart(
  app: IntercomApp,
  event: { id: string; thread: string },
  connection: IntercomConnection,
  io: Io,
): Promise<ConversationPart | NotSent> {
  const answer = await openApi(app, connection, io).read((sdk) =>
    sdk.conversations.find({ conversation_id: event.thread }),
  );
  if (!answer.ok) return outcomeOf(answer, 'read', io);
  const conversation = readConversation(answer.value);
  const all = [...(conversation?.source ? [conversation.source] : []), ...(conversation?.parts ?? [])];
  const part = all.find((one) => eventId(one) === event.id);
  if (part) return part;
  // Not there yet, or no longer among the newest 500 that Intercom lists.
  return refused('not_listed', 'Intercom does not list this message in its conversation.');
}
