/**
 * HubSpot's REST paths. Versions are dates (a new one each March and September, about 18 months of support), named here
 * and nowhere else: https://developers.hubspot.com/docs/developer-tooling/platform/versioning
 */
const VERSION = '2026-09';
/** Account information has no later version yet. */
const ACCOUNT_INFO_VERSION = '2026-03';
/** Nor has the webhooks journal. */
const JOURNAL_VERSION = '2026-03';

const CUSTOM_CHANNELS = `/conversations/custom-channels/${VERSION}`;
const CONVERSATIONS = `/conversations/conversations/${VERSION}`;
const FILES = `/files/${VERSION}/files`;

const within = (path: string, ...names: string[]): string =>
  [path, ...names.map((name) => encodeURIComponent(name))].join('/');

export const paths = {
  token: `/oauth/${VERSION}/token`,
  introspect: `/oauth/${VERSION}/token/introspect`,
  revoke: `/oauth/${VERSION}/token/revoke`,
  uninstall: `/appinstalls/${VERSION}/external-install`,
  journalSubscriptions: `/webhooks-journal/subscriptions/${JOURNAL_VERSION}`,
  journalEarliest: `/webhooks-journal/journal/${JOURNAL_VERSION}/earliest`,
  journalNext: (offset: string) =>
    `${within(`/webhooks-journal/journal/${JOURNAL_VERSION}/offset`, offset)}/next`,
  accountDetails: `/account-info/${ACCOUNT_INFO_VERSION}/details`,

  customChannels: CUSTOM_CHANNELS,
  customChannel: (channel: string) => within(CUSTOM_CHANNELS, channel),
  channelAccounts: (channel: string) => `${within(CUSTOM_CHANNELS, channel)}/channel-accounts`,
  channelAccount: (channel: string, account: string) =>
    within(`${within(CUSTOM_CHANNELS, channel)}/channel-accounts`, account),
  channelMessages: (channel: string) => `${within(CUSTOM_CHANNELS, channel)}/messages`,
  channelMessage: (channel: string, message: string) =>
    within(`${within(CUSTOM_CHANNELS, channel)}/messages`, message),

  inboxes: `${CONVERSATIONS}/inboxes`,
  threads: `${CONVERSATIONS}/threads`,
  thread: (thread: string) => within(`${CONVERSATIONS}/threads`, thread),
  threadMessages: (thread: string) => `${within(`${CONVERSATIONS}/threads`, thread)}/messages`,
  originalContent: (thread: string, message: string) =>
    `${within(`${within(`${CONVERSATIONS}/threads`, thread)}/messages`, message)}/original-content`,

  contacts: `/crm/objects/${VERSION}/contacts`,
  contactSearch: `/crm/objects/${VERSION}/contacts/search`,
  files: FILES,
  signedUrl: (file: string) => `${within(FILES, file)}/signed-url`,
};
