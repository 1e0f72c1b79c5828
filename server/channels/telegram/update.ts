import { z } from 'zod';

/**
 * What we read of an `Update`; everything else may be anything. https://core.telegram.org/bots/api#update
 * Ids have up to 52 bits, so numbers hold them; times are seconds.
 */
const user = z.object({
  id: z.int(),
  is_bot: z.boolean().optional(),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  username: z.string().optional(),
});
const chat = z.object({ id: z.int(), type: z.string() });
const file = z.object({
  file_id: z.string(),
  file_name: z.string().optional(),
  mime_type: z.string().optional(),
  file_size: z.number().optional(),
});
const photo = z.array(file).min(1);
const location = z.object({
  latitude: z.number(),
  longitude: z.number(),
  live_period: z.number().optional(),
});
const entities = z.array(
  z.object({ type: z.string(), offset: z.number(), length: z.number(), url: z.string().optional() }),
);
const sticker = file.extend({
  emoji: z.string().optional(),
  is_animated: z.boolean().optional(),
  is_video: z.boolean().optional(),
  thumbnail: file.optional(),
});

/** Loose, so that unknown content can be named. */
const message = z.looseObject({
  message_id: z.int(),
  date: z.int(),
  edit_date: z.int().optional(),
  chat,
  from: user.optional(),
  reply_to_message: z.object({ message_id: z.int() }).optional(),
  text: z.string().optional(),
  entities: entities.optional(),
  caption: z.string().optional(),
  caption_entities: entities.optional(),
  animation: file.optional(),
  audio: file.optional(),
  document: file.optional(),
  live_photo: file.extend({ photo: photo.optional() }).optional(),
  photo: photo.optional(),
  sticker: sticker.optional(),
  video: file.optional(),
  video_note: file.optional(),
  voice: file.optional(),
  location: location.optional(),
  venue: z.object({ location, title: z.string(), address: z.string() }).optional(),
  contact: z
    .object({ phone_number: z.string(), first_name: z.string(), last_name: z.string().optional() })
    .optional(),
  rich_message: z.unknown().optional(),
});

const button = z.object({ text: z.string(), callback_data: z.string().optional() });

export const update = z.object({
  update_id: z.int(),
  message: message.optional(),
  edited_message: message.optional(),
  callback_query: z
    .object({
      id: z.string(),
      from: user,
      data: z.string().optional(),
      message: z
        .object({
          message_id: z.int(),
          chat,
          reply_markup: z.object({ inline_keyboard: z.array(z.array(button)) }).optional(),
        })
        .optional(),
    })
    .optional(),
  message_reaction: z
    .object({
      chat,
      user: user.optional(),
      message_id: z.int(),
      date: z.int(),
      new_reaction: z.array(z.object({ type: z.string(), emoji: z.string().optional() })),
    })
    .optional(),
  my_chat_member: z
    .object({ chat, from: user, date: z.int(), new_chat_member: z.object({ status: z.string() }) })
    .optional(),
});

/** Asked for when the webhook is registered: exactly what `receive` has a branch for. */
export const ALLOWED_UPDATES = [
  'message',
  'edited_message',
  'callback_query',
  'message_reaction',
  'my_chat_member',
];

export type User = z.infer<typeof user>;
export type Message = z.infer<typeof message>;
export type Update = z.infer<typeof update>;
export type Entities = z.infer<typeof entities>;
