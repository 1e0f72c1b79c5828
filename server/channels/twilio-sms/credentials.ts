import { z } from 'zod';

export const twilioCredentials = z
  .object({
    account_sid: z.string().trim().min(1).meta({
      title: 'Account SID',
      description: 'Twilio Console → Account info; begins with AC',
    }),
    auth_token: z.string().trim().min(1).meta({
      title: 'Auth token',
      description:
        'Beside the Account SID; Twilio signs its webhooks with it, so an API key cannot take its place',
      secret: true,
    }),
    from: z.string().trim().min(1).optional().meta({
      title: 'Phone number',
      description: 'One of the account’s numbers with SMS, such as +15550001111',
    }),
    messaging_service_sid: z.string().trim().min(1).optional().meta({
      title: 'Messaging Service SID',
      description: 'Instead of a number: begins with MG',
    }),
  })
  .superRefine((value, context) => {
    if (Boolean(value.from) === Boolean(value.messaging_service_sid))
      context.addIssue({
        code: 'custom',
        path: ['from'],
        message: 'Give either a phone number or a Messaging Service SID',
      });
  });

export type TwilioCredentials = z.infer<typeof twilioCredentials>;
