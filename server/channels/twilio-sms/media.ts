import type { Io } from '../../core/adapter.ts';
import type { RemoteFile } from '../../core/message.ts';
import { type NotSent, refused, retry, unauthorized } from '../../core/outcome.ts';
import { authorization, type TwilioConnection, type TwilioHosts } from './api.ts';

/** Where Twilio keeps files: itself, and the CDN that it redirects to. */
const HOSTS = ['.twilio.com', '.twiliocdn.com', 's3-external-1.amazonaws.com'];

/** https://www.twilio.com/docs/messaging/api/media-resource: Basic auth may be enforced, so it is always sent. */
export async function media(
  file: RemoteFile,
  connection: TwilioConnection,
  io: Io,
  hosts: TwilioHosts,
): Promise<{ body: AsyncIterable<Uint8Array>; contentType?: string; name?: string } | NotSent> {
  const headers: Record<string, string> = isTwilio(file.ref, hosts)
    ? { authorization: authorization(connection.credentials) }
    : {};
  const download = await io.http.download({ method: 'GET', url: file.ref, headers, hosts: HOSTS });
  if (download.status === 200) {
    const contentType = file.contentType ?? download.headers['content-type'];
    return {
      body: download.body,
      ...(contentType && { contentType }),
      ...(file.name && { name: file.name }),
    };
  }
  if (download.status === 401)
    return unauthorized('Twilio no longer accepts the account’s SID and auth token.');
  if (download.status === 404 || download.status === 410)
    return refused(download.status, 'Twilio no longer has this file. Ask the customer to send it again.');
  // Reading again does no harm.
  if (download.status === 429 || download.status >= 500)
    return retry(`Twilio answered ${download.status} for a file.`);
  return refused(
    download.status,
    `Twilio did not hand out the file (${download.status}). Ask the customer to send it again.`,
  );
}

/** The auth token goes to Twilio only, even if a signed webhook should ever name another host. */
function isTwilio(url: string, { apiUrl }: TwilioHosts): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, protocol, hostname } = new URL(url);
  return origin === new URL(apiUrl).origin || (protocol === 'https:' && hostname.endsWith('.twilio.com'));
}
