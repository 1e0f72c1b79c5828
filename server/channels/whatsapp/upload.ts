import type { Connection, Io, MessageDelivery, Preparation } from '../../core/adapter.ts';
import type { StoredFile } from '../../core/message.ts';
import { type NotSent, retry, WireError } from '../../core/outcome.ts';
import type { WhatsAppCredentials } from './credentials.ts';
import { outcomeOf } from './errors.ts';
import { callGraph, type WhatsAppApp } from './graph.ts';
import { record, text } from './json.ts';

/** The preparation that holds the media id of the delivery's n-th part. */
export const uploadName = (part: number): string => `upload:${part}`;

/** Each file goes up before the send, so that a retry of the send never uploads again. Media ids live 30 days. */
export function uploads(
  app: WhatsAppApp,
  delivery: MessageDelivery,
  connection: Connection<WhatsAppCredentials>,
  io: Io,
): Preparation[] {
  return delivery.parts.flatMap((part, index) =>
    part.kind === 'file'
      ? [{ name: uploadName(index), run: () => upload(app, part.file, connection, io) }]
      : [],
  );
}

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#upload-media */
async function upload(
  app: WhatsAppApp,
  file: StoredFile,
  { externalId, credentials }: Connection<WhatsAppCredentials>,
  io: Io,
): Promise<string | NotSent> {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', file.contentType);
  form.set(
    'file',
    new Blob([(await file.bytes()) as Uint8Array<ArrayBuffer>], { type: file.contentType }),
    file.name,
  );
  try {
    const response = await callGraph(app, io, {
      method: 'POST',
      path: `${externalId}/media`,
      token: credentials.access_token,
      multipart: form,
      timeoutMs: 25_000,
    });
    const id = text(record(response.json)?.id);
    if (response.status === 200 && id) return id;
    return repeatable(response.status === 200 ? retry('WhatsApp gave the file no id') : outcomeOf(response));
  } catch (error) {
    // Nobody sees an upload that nobody sends: where its end is not known it is simply done again.
    if (error instanceof WireError) return retry(error.message);
    throw error;
  }
}

const repeatable = (outcome: NotSent): NotSent =>
  outcome.outcome === 'unknown' ? retry(outcome.why) : outcome;
