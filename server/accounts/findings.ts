/** What was found, in words, and what to do about it. Pure: facts in, sentences out. */
import type { Inspection } from '../core/adapter.ts';
import type { WebhookRefusal } from '../store/connections/webhook-refusals.ts';
import type { Finding } from './contracts.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Providers allow signatures to be five minutes old. */
const SKEW_BROKEN_MS = 4 * MINUTE_MS;
const SKEW_NOTABLE_MS = MINUTE_MS;

export const credentialFinding = ({ dead }: Pick<Inspection, 'dead'>): Finding =>
  dead
    ? {
        check: 'credentials',
        state: 'broken',
        says: dead,
        fix: 'Reconnect it here with credentials that work; what waits is then delivered in order.',
      }
    : { check: 'credentials', state: 'ok', says: 'The credentials work.' };

export const scopeFinding = (missing: string[], title: string): Finding =>
  missing.length === 0
    ? { check: 'scopes', state: 'ok', says: 'Every permission that is needed is there.' }
    : {
        check: 'scopes',
        state: 'broken',
        says: `${title} has not granted: ${missing.join(', ')}.`,
        fix: `Grant ${missing.join(', ')} to the app at ${title}, then reconnect it here.`,
      };

export function webhookFinding({ is, wanted, problem }: NonNullable<Inspection['webhook']>): Finding {
  const check = 'webhook';
  const fix = `Save its credentials here once more, which registers ${wanted}; or enter that URL at the provider by hand.`;
  if (is === undefined)
    return { check, state: 'broken', says: `No webhook is registered${problem ? `: ${problem}` : ''}.`, fix };
  if (is !== wanted)
    return { check, state: 'broken', says: `Its messages are sent to ${is}, not to ${wanted}.`, fix };
  if (problem)
    return {
      check,
      state: 'attention',
      says: `The webhook is registered; the provider last had this trouble with it: ${problem}.`,
      fix: `Make sure that ${wanted} can be reached from the internet.`,
    };
  return { check, state: 'ok', says: `Its messages are sent to ${wanted}.` };
}

/** A good message since the last refused one shows that it was a stranger's or is mended. */
export function signatureFinding(
  refused: WebhookRefusal | undefined,
  { lastInboundAt, now }: { lastInboundAt: number | null; now: number },
): Finding {
  const check = 'signatures';
  const isOver =
    !refused || refused.at < now - DAY_MS || (lastInboundAt !== null && Number(lastInboundAt) > refused.at);
  if (isOver) return { check, state: 'ok', says: 'No webhook was refused for its signature.' };
  const at = new Date(refused.at).toISOString();
  if (refused.signed)
    return {
      check,
      state: 'broken',
      says: `A webhook of ${at} was signed for ${refused.signed}, but here it counts as ${refused.ours}.`,
      fix: `Set PUBLIC_URL to ${new URL(refused.signed).origin} and restart, or register ${refused.ours} at the provider.`,
    };
  return {
    check,
    state: 'broken',
    says: `A webhook of ${at} for ${refused.ours} was signed with another secret than the one we have.`,
    fix: 'Copy the secret (auth token, app secret, client secret) from the provider again and save it here.',
  };
}

/** `leads`: how far ahead the other side's clock was, ms, at every answer. The nearest to zero is the least delayed. */
export function skewFinding(leads: number[]): Finding[] {
  const lead = leads.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
  if (lead === undefined) return [];
  const check = 'clock';
  const off = Math.abs(lead);
  if (off < SKEW_NOTABLE_MS) return [{ check, state: 'ok', says: 'The clock of this server is right.' }];
  const says = `The clock of this server is ${Math.round(off / 1_000)} seconds ${lead > 0 ? 'behind' : 'ahead'}.`;
  const fix = 'Turn on time synchronisation (NTP) on this server: signatures are refused when clocks differ.';
  return [{ check, state: off >= SKEW_BROKEN_MS ? 'broken' : 'attention', says, fix }];
}

export function inboundFinding(lastInboundAt: number | null, now: number): Finding {
  const check = 'inbound';
  if (lastInboundAt === null)
    return {
      check,
      state: 'attention',
      says: 'No message has come in yet.',
      fix: 'Write to it once from a phone; it must show here within seconds.',
    };
  const hours = Math.floor((now - Number(lastInboundAt)) / 3_600_000);
  const when = hours < 1 ? 'within the last hour' : `${hours} hours ago`;
  return { check, state: 'ok', says: `The last message came in ${when}.` };
}
