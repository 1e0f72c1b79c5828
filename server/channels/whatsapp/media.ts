import { createHash } from 'node:crypto';
import type { Connection, Io } from '../../core/adapter.ts';
import type { RemoteFile } from '../../core/message.ts';
import { type NotSent, refused, retry, unauthorized, WireError } from '../../core/outcome.ts';
import type { WhatsAppCredentials } from './credentials.ts';
import { outcomeOf } from './errors.ts';
import { callGraph, graphError, type WhatsAppApp } from './graph.ts';
import { record, text } from './json.ts';

const GONE =
  'WhatsApp no longer has this file (it keeps files for 7 days). Ask the customer to send it again.';

/**
 * Streams a customer's file: the media id gives a URL that lives for five minutes and wants the token again.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#download-media
 */
export async function fetchMedia(
  app: WhatsAppApp,
  file: RemoteFile,
  { externalId, credentials }: Connection<WhatsAppCredentials>,
  io: Io,
): Promise<{ body: AsyncIterable<Uint8Array>; contentType?: string; name?: string } | NotSent> {
  const token = credentials.access_token;
  const path = `${encodeURIComponent(file.ref)}?phone_number_id=${externalId}`;
  const found = await callGraph(app, io, { method: 'GET', path, token });
  const media = record(found.json);
  const url = text(media?.url);
  if (found.status !== 200 || !url) return notFound(found);
  const download = await io.http.download({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${token}` },
    hosts: [new URL(app.graphUrl).hostname, 'lookaside.fbsbx.com'],
  });
  if (download.status !== 200) return notDownloaded(download.status);
  const contentType = text(media?.mime_type)?.split(';')[0]?.trim() ?? file.contentType;
  return {
    body: checked(download.body, text(media?.sha256)),
    ...(contentType ? { contentType } : {}),
    ...(file.name ? { name: file.name } : {}),
  };
}

function notFound(response: Parameters<typeof outcomeOf>[0]): NotSent {
  // Whether the id is unknown or belongs to another number is the same answer: 100, with or without subcode 33.
  if (graphError(response.json)?.code === 100 || response.status === 404) return refused(100, GONE);
  if (response.status === 200) return retry('WhatsApp named no address for the file');
  const outcome = outcomeOf(response);
  return outcome.outcome === 'unknown' ? retry(outcome.why) : outcome;
}

function notDownloaded(status: number): NotSent {
  if (status === 401)
    return unauthorized('WhatsApp refused the access token for a file. Reconnect the channel.');
  // 404 and 410: the five minutes are over; the next try asks for a fresh address.
  return retry(`WhatsApp answered ${status} for a file`);
}

/** Fails at the end of a file that is not the one announced. The hash comes as hex or as base64. */
async function* checked(
  body: AsyncIterable<Uint8Array>,
  sha256: string | undefined,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
  const digest = hash.digest();
  if (sha256 && sha256.toLowerCase() !== digest.toString('hex') && sha256 !== digest.toString('base64'))
    throw new WireError('A file from WhatsApp arrived damaged: its SHA-256 does not match', true);
}
