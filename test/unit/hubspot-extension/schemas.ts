/**
 * What HubSpot's own schemas demand of our three kinds of component. HubSpot serves them only to a signed-in upload, so
 * they are written down here from its documentation: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/app-configuration
 * and https://developers.hubspot.com/docs/apps/developer-platform/add-features/ui-extensibility/app-cards/reference
 */
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength, pattern: '^\\S(.*\\S)?$' });
const strings = (pattern: string) => ({
  type: 'array',
  uniqueItems: true,
  items: { type: 'string', pattern },
});
const closed = (required: string[], properties: object) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

const https = { type: 'string', pattern: '^https://[^\\s]+$' };

export const schemas: Record<string, object> = {
  APPLICATION: closed(['name', 'description', 'distribution', 'auth', 'permittedUrls', 'support'], {
    name: text(200),
    description: text(8192),
    logo: { type: 'string', pattern: '^/app/[\\w-]+\\.(png|jpe?g|gif|bmp)$' },
    distribution: { enum: ['private', 'marketplace'] },
    auth: closed(['type', 'redirectUrls', 'requiredScopes'], {
      type: { const: 'oauth' },
      redirectUrls: { ...strings('^https://[^\\s]+$'), minItems: 1 },
      requiredScopes: { ...strings('^[a-z_.]+$'), minItems: 1 },
      optionalScopes: strings('^[a-z_.]+$'),
      conditionallyRequiredScopes: strings('^[a-z_.]+$'),
    }),
    permittedUrls: closed(['fetch', 'iframe', 'img'], {
      // No wildcards, no localhost: https://developers.hubspot.com/docs/apps/developer-platform/add-features/ui-extensibility/fetching-data
      fetch: strings('^https://(?!localhost)[^\\s*]+$'),
      iframe: strings('^https://[^\\s*]+$'),
      img: strings('^https://[^\\s*]+$'),
    }),
    support: closed(['supportEmail', 'supportUrl', 'documentationUrl'], {
      supportEmail: { type: 'string', pattern: '^\\S+@\\S+\\.\\S+$' },
      supportUrl: https,
      documentationUrl: https,
      supportPhone: { type: 'string' },
    }),
  }),
  // https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks
  WEBHOOKS: closed(['settings', 'subscriptions'], {
    settings: closed(['targetUrl', 'maxConcurrentRequests'], {
      targetUrl: https,
      maxConcurrentRequests: { type: 'integer', minimum: 5 },
    }),
    subscriptions: closed(['hubEvents'], {
      hubEvents: {
        type: 'array',
        items: closed(['subscriptionType', 'active'], {
          subscriptionType: { enum: ['contact.privacyDeletion', 'conversation.privacyDeletion'] },
          active: { type: 'boolean' },
        }),
      },
    }),
  }),
  CARD: closed(['name', 'location', 'entrypoint', 'objectTypes'], {
    name: text(50),
    description: text(500),
    location: { enum: ['crm.record.tab', 'crm.record.sidebar', 'crm.preview', 'helpdesk.sidebar'] },
    entrypoint: { type: 'string', pattern: '^/app/cards/\\w+\\.tsx$' },
    objectTypes: { ...strings('^(contacts|companies|deals|tickets|p_\\w+)$'), minItems: 1 },
  }),
};
