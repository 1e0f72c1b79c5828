import type { Connection, Delivery, Io, MessageDelivery } from '../../core/adapter.ts';
import type { FilePart, Part, StoredFile } from '../../core/message.ts';
import { type Outcome, refused, sent, unknown } from '../../core/outcome.ts';
import type { WhatsAppCredentials } from './credentials.ts';
import { isUserId } from './customer.ts';
import { outcomeOf } from './errors.ts';
import { callGraph, graphError, type WhatsAppApp } from './graph.ts';
import { type Json, record, records, text } from './json.ts';
import { markup } from './markup.ts';
import { uploadName } from './upload.ts';

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages */
export async function send(
  app: WhatsAppApp,
  delivery: Delivery,
  connection: Connection<WhatsAppCredentials>,
  io: Io,
): Promise<Outcome> {
  if (delivery.kind === 'status') return refused('unsupported', 'WhatsApp takes no statuses.');
  const content = contentOf(delivery);
  if (!content) return refused('unsupported', 'WhatsApp cannot carry this kind of message. Send it as text.');
  const response = await callGraph(app, io, {
    method: 'POST',
    path: `${connection.externalId}/messages`,
    token: connection.credentials.access_token,
    json: { ...envelope(delivery), ...content },
  });
  if (response.status !== 200 || graphError(response.json)) return outcomeOf(response);
  const id = text(records(record(response.json)?.messages)[0]?.id);
  return id ? sent(id) : unknown('WhatsApp accepted the message but gave it no id');
}

function envelope(delivery: MessageDelivery): Json {
  const { thread } = delivery.conversation;
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    // With its plus: without one Meta may put the business's own country code in front.
    ...(isUserId(thread) ? { recipient: thread } : { to: thread }),
    ...(delivery.replyTo ? { context: { message_id: delivery.replyTo } } : {}),
    // Comes back in every status of this message: that is how an unknown outcome settles itself.
    biz_opaque_callback_data: delivery.id,
  };
}

/** One call carries one part, and only kinds that the capabilities name: the core has seen to both. */
function contentOf(delivery: MessageDelivery): Json | undefined {
  const [part] = delivery.parts;
  if (!part) return undefined;
  if (part.kind === 'file') return fileContent(part, delivery.prepared[uploadName(0)]);
  return plainContent(part);
}

function plainContent(part: Exclude<Part<StoredFile>, FilePart<StoredFile>>): Json | undefined {
  switch (part.kind) {
    case 'text':
      return { type: 'text', text: { body: markup(part), preview_url: false } };
    case 'location': {
      const { latitude, longitude, name, address } = part;
      const named = { ...(name ? { name } : {}), ...(address ? { address } : {}) };
      return {
        type: 'location',
        location: { latitude: String(latitude), longitude: String(longitude), ...named },
      };
    }
    case 'contact':
      return { type: 'contacts', contacts: [contactCard(part)] };
    default:
      return undefined;
  }
}

function contactCard({ name, phones, emails }: { name: string; phones: string[]; emails: string[] }): Json {
  return {
    // WhatsApp wants one more name beside the full one.
    name: { formatted_name: name, first_name: name },
    ...(phones.length > 0 ? { phones: phones.map((phone) => ({ phone })) } : {}),
    ...(emails.length > 0 ? { emails: emails.map((email) => ({ email })) } : {}),
  };
}

/** The content types that WhatsApp shows as what they are; everything else travels as a document. */
const SHOWN: Record<'image' | 'video' | 'audio' | 'sticker', RegExp> = {
  image: /^image\/(jpeg|png)$/,
  video: /^video\/(mp4|3gpp)$/,
  audio: /^audio\/(aac|amr|mpeg|mp4|ogg)$/,
  sticker: /^image\/webp$/,
};

function fileContent({ file, caption }: FilePart<StoredFile>, id: string | undefined): Json | undefined {
  if (!id) return undefined;
  const kind = file.kind === 'voice' ? 'audio' : file.kind;
  const type = kind !== 'document' && SHOWN[kind].test(file.contentType) ? kind : 'document';
  const hasCaption = caption && (type === 'image' || type === 'video' || type === 'document');
  const media = {
    id,
    ...(hasCaption ? { caption } : {}),
    ...(type === 'document' ? { filename: file.name } : {}),
    // Only ogg/opus can be shown as a voice message.
    ...(type === 'audio' && file.kind === 'voice' && file.contentType === 'audio/ogg' ? { voice: true } : {}),
  };
  return { type, [type]: media };
}
