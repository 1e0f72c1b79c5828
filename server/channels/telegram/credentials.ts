import { z } from 'zod';

export const telegramCredentials = z.object({
  bot_token: z.string().trim().min(1).meta({
    title: 'Bot token',
    description: 'From @BotFather in Telegram: /mybots → your bot → API Token, such as 123456:ABC-def',
    secret: true,
  }),
  webhook_secret: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/)
    .optional()
    .meta({
      description: 'Made by connecting: Telegram repeats it in every webhook',
      secret: true,
      hidden: true,
    }),
});

export type TelegramCredentials = z.infer<typeof telegramCredentials>;
