import type { Io } from '../../core/adapter.ts';
import type { RemoteFile } from '../../core/message.ts';
import { type NotSent, refused, retry } from '../../core/outcome.ts';
import { call, fieldsOf, outcomeOf, type TelegramConnection, withoutToken } from './api.ts';

/** Bots can fetch at most 20 MB: https://core.telegram.org/bots/api#getfile */
const MAX_DOWNLOAD = 20 * 1024 * 1024;

export async function media(
  file: RemoteFile,
  connection: TelegramConnection,
  io: Io,
  apiUrl: string,
): Promise<{ body: AsyncIterable<Uint8Array>; contentType?: string; name?: string } | NotSent> {
  if (file.size !== undefined && file.size > MAX_DOWNLOAD) return tooBig(file);
  const token = connection.credentials.bot_token;
  const answer = await call({ apiUrl, token }, 'getFile', { file_id: file.ref }, io);
  if (!answer.ok) return /file is too big/i.test(answer.text) ? tooBig(file) : readOutcome(outcomeOf(answer));
  const path = fieldsOf(answer.result).file_path;
  if (typeof path !== 'string')
    return refused('no_path', 'Telegram no longer has this file. Ask the customer to send it again.');
  // The URL holds the token: it lives in this function only.
  const url = `${apiUrl}/file/bot${token}/${encodeURI(path)}`;
  const download = await withoutToken(token, () =>
    io.http.download({ method: 'GET', url, hosts: ['api.telegram.org'] }),
  );
  if (download.status === 200) {
    const contentType = file.contentType ?? download.headers['content-type'];
    return {
      body: download.body,
      ...(contentType && { contentType }),
      ...(file.name && { name: file.name }),
    };
  }
  return readOutcome(
    outcomeOf({
      ok: false,
      code: download.status === 404 ? 410 : download.status,
      text: 'the file could not be fetched',
    }),
  );
}

/** Reading twice does no harm, so a doubtful read is a retry. */
const readOutcome = (outcome: NotSent): NotSent =>
  outcome.outcome === 'unknown' ? retry(outcome.why) : outcome;

const tooBig = (file: RemoteFile): NotSent =>
  refused(
    400,
    `“${file.name ?? 'The file'}” is too large: Telegram lets bots fetch at most 20 MB. Ask the customer to send it smaller or as a link.`,
  );
