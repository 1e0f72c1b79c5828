import { z } from 'zod';

/**
 * What the admin enters. `app_secret` and `verify_token` only when the token belongs to the customer's own Meta app;
 * its webhooks then come to the channel's own URL, signed with that secret.
 */
export const whatsAppCredentials = z
  .object({
    phone_number_id: z
      .string()
      .trim()
      .regex(/^\d+$/, 'The phone number id is a number such as 106540352242922')
      .meta({
        title: 'Phone number ID',
        description: 'WhatsApp Manager → API setup → Phone number ID (not the phone number itself)',
      }),
    waba_id: z.string().trim().regex(/^\d+$/, 'The account id is a number such as 102290129340398').meta({
      title: 'WhatsApp Business Account ID',
      description: 'WhatsApp Manager → API setup → WhatsApp Business Account ID',
    }),
    access_token: z.string().trim().min(1).meta({
      title: 'Access token',
      description:
        'A permanent system-user token with whatsapp_business_messaging and whatsapp_business_management',
      secret: true,
    }),
    app_secret: z.string().trim().min(1).optional().meta({
      title: 'App secret',
      description: 'Only for a Meta app of your own: App settings → Basic → App secret',
      secret: true,
    }),
    verify_token: z.string().trim().min(1).optional().meta({
      title: 'Verify token',
      description: 'Only for a Meta app of your own: any random text, e.g. 32 letters and digits',
      secret: true,
    }),
  })
  .superRefine((value, context) => {
    const missing = value.app_secret && !value.verify_token ? 'verify_token' : 'app_secret';
    if (Boolean(value.app_secret) !== Boolean(value.verify_token))
      context.addIssue({
        code: 'custom',
        path: [missing],
        message: 'A Meta app of your own needs both, the app secret and the verify token',
      });
  });

export type WhatsAppCredentials = z.infer<typeof whatsAppCredentials>;
