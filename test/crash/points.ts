/** Where a server can be made to die: a random moment, or the moment between two things that belong together. */
import type { Customer } from './customers.ts';
import type { Passing } from './gate.ts';
import { tokensOf } from './load.ts';
import type { Door } from './town.ts';

export type PointKind = 'random' | 'starting' | 'acknowledging' | 'settling' | 'refreshing';

export const KINDS: Record<PointKind, string> = {
  random: 'at a random moment',
  starting: 'while it starts',
  acknowledging: 'after the commit, before the acknowledgement',
  settling: 'after the other side accepted, before it was recorded',
  refreshing: 'in the middle of a token renewal',
};

/** A kept-back answer: at which door, to which call. */
export interface Point {
  kind: 'acknowledging' | 'settling' | 'refreshing';
  name: string;
  door: Door;
  wants(passing: Passing): boolean;
  /** Only a customer whom this inbox does not know brings it about. */
  newcomer?: Customer['platform'];
}

const taken = ({ status = 0 }: Passing): boolean => status >= 200 && status < 300;

const acknowledging = (name: string, path: RegExp): Point => ({
  kind: 'acknowledging',
  name,
  door: 'in',
  wants: (passing) => path.test(passing.path) && tokensOf('in', passing).length > 0,
});

/** `path`: of the POST that makes something over there. */
const settling = (name: string, door: Door, path: RegExp, newcomer?: Customer['platform']): Point => ({
  kind: 'settling',
  name,
  door,
  wants: (passing) => passing.method === 'POST' && path.test(passing.path) && taken(passing),
  ...(newcomer ? { newcomer } : {}),
});

/** The publication whose answer is lost goes out again under the same key: what a takeover is timed by. */
export const PUBLICATION = settling('a message at HubSpot', 'hubspot', /\/custom-channels\/.+\/messages$/);

export const POINTS: Point[] = [
  acknowledging('a message by Telegram', /\/webhooks\/telegram/),
  acknowledging('a message by WhatsApp', /\/webhooks\/whatsapp/),
  acknowledging('a message by SMS', /\/webhooks\/twilio/),
  acknowledging('a reply from Intercom', /\/intercom\/webhooks/),
  acknowledging('a reply from HubSpot', /\/hubspot\/channels\/webhook/),
  settling('a contact at Intercom', 'intercom', /\/contacts$/, 'intercom'),
  settling('a conversation at Intercom', 'intercom', /\/conversations$/, 'intercom'),
  settling('a message at Intercom', 'intercom', /\/conversations\/\d+\/reply$/),
  settling('a contact at HubSpot', 'hubspot', /\/objects\/.*contacts$/, 'hubspot'),
  PUBLICATION,
  settling('a reply by Telegram', 'telegram', /\/sendMessage$/i),
  settling('a reply by WhatsApp', 'meta', /\/\d+\/messages$/),
  settling('a reply by SMS', 'twilio', /\/Messages\.json$/),
  {
    kind: 'refreshing',
    name: 'a renewal at HubSpot',
    door: 'hubspot',
    wants: (passing) =>
      /\/oauth\/.*token$/.test(passing.path) &&
      passing.body.includes('grant_type=refresh_token') &&
      taken(passing),
  },
];

export const pointsOf = (kind: PointKind): Point[] => POINTS.filter((point) => point.kind === kind);
