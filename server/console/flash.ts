/** What was just done, said once on the page that follows a form. Only these words: anybody can write a URL. */
import { notice } from './elements.ts';
import { type Html, NOTHING } from './html.ts';
import type { Visit } from './routes.ts';

const DONE: Record<string, string> = {
  connected: 'Connected.',
  repaired: 'Connected again. What waited is being delivered now, in order.',
  archived: 'Archived. Its credentials are destroyed.',
  'channel-added': 'The channel is added.',
  'channel-archived': 'The channel is archived and its credentials are destroyed.',
  renamed: 'The new name is saved.',
  credentials: 'The new credentials work and are saved.',
  retried: 'Queued again. It goes out in a moment.',
  'token-revoked': 'The token is revoked. It stopped working at once.',
  invited: 'The invitation is on its way.',
  'invitation-renewed': 'A new link is on its way; the old one stopped working.',
  'invitation-withdrawn': 'The invitation is withdrawn.',
  'role-changed': 'The role is changed.',
  'access-changed': 'The access is changed.',
  'member-removed': 'They are removed. Their sessions and tokens ended.',
  transferred: 'The account has a new owner. You are an admin now.',
  joined: 'They are in the account now.',
  declined: 'The request is declined.',
  'password-changed': 'The new password is saved.',
  'address-asked': 'We sent a link to the new address. Until you open it, the old one stays.',
  'address-confirmed': 'The new address is confirmed.',
  unlinked: 'That way of signing in is removed.',
  'session-ended': 'That session is ended.',
  'sessions-ended': 'All other sessions are ended.',
  welcome: 'Welcome to the account.',
};

export function flash(visit: Visit): Html {
  const words = DONE[visit.query.get('done') ?? ''];
  return words ? notice('good', words) : NOTHING;
}
