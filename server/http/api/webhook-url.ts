/**
 * Where each provider is to send a channel's events; the counterpart of the webhook routes.
 * WhatsApp numbers of the installation's own Meta app share one URL (a Meta app has only one) and are told apart by
 * their number; a number of the customer's own app, known by its `app_secret`, has a URL of its own.
 */
export const webhookUrls =
  (publicUrl: string, providers: { provider: string; adapter: { id: string } }[]) =>
  (type: string, channelId: string, credentials: unknown): string => {
    const provider = providers.find(({ adapter }) => adapter.id === type)?.provider ?? type;
    const base = `${publicUrl}/webhooks/${provider}`;
    return type === 'whatsapp' && !hasOwnApp(credentials) ? base : `${base}/${channelId}`;
  };

const hasOwnApp = (credentials: unknown): boolean =>
  typeof credentials === 'object' &&
  credentials !== null &&
  'app_secret' in credentials &&
  Boolean(credentials.app_secret);
