/** A customer's message as WhatsApp describes it: one type with its fields. */
import type { CustomerMessage, PhoneFile } from '../phone.ts';
import { pickedFile } from '../phone.ts';
import type { Media } from './state.ts';

export interface InboundContent {
  type: string;
  fields: Record<string, unknown>;
  /** The file, so that its URL can be added. */
  media?: Media;
}

export function messageOf(message: CustomerMessage, store: (file: PhoneFile) => Media): InboundContent {
  const file = pickedFile(message);
  if (file) return fileContent(file, message.text, store(file));
  if (message.location) return { type: 'location', fields: { location: message.location } };
  if (message.contact) return cardContent(message.contact);
  return { type: 'text', fields: { text: { body: message.text ?? '' } } };
}

function fileContent(file: PhoneFile, caption: string | undefined, media: Media): InboundContent {
  const type = file.kind === 'voice' ? 'audio' : file.kind;
  const captioned = caption !== undefined && ['image', 'video', 'document'].includes(type);
  const content = {
    id: media.id,
    mime_type: file.kind === 'voice' ? 'audio/ogg; codecs=opus' : file.contentType,
    // Base64 here, hexadecimal in GET /{media_id}.
    sha256: media.sha256.toString('base64'),
    ...(captioned ? { caption } : {}),
    ...(type === 'document' ? { filename: file.name } : {}),
    ...(type === 'audio' ? { voice: file.kind === 'voice' } : {}),
    ...(type === 'sticker' ? { animated: false } : {}),
  };
  return { type, fields: { [type]: content }, media };
}

function cardContent({ name, phones, emails = [] }: NonNullable<CustomerMessage['contact']>): InboundContent {
  const [first = name, ...last] = name.split(' ');
  const card = {
    name: {
      formatted_name: name,
      first_name: first,
      ...(last.length > 0 ? { last_name: last.join(' ') } : {}),
    },
    phones: phones.map((phone) => ({ phone, wa_id: phone.replace(/\D/g, ''), type: 'CELL' })),
    emails: emails.map((email) => ({ email, type: 'HOME' })),
  };
  return { type: 'contacts', fields: { contacts: [card] } };
}
