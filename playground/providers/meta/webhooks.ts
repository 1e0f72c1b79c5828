/**
 * The shapes of WhatsApp webhooks, and how single updates are put together into one POST: entries by business account,
 * changes by number, messages and statuses mixed.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
 */
import { createHmac, randomInt } from 'node:crypto';
import type { PhoneMessage } from '../phone.ts';
import { asciiJson } from '../wire.ts';
import type { BusinessNumber, Callback, MetaApp, Outgoing, WhatsappUser } from './state.ts';

/** One thing that happened, on its way to one app. */
export interface Update {
  app: MetaApp;
  url: string;
  wabaId: string;
  field: string;
  /** Same key = may share one `value`; undefined: a change of its own. */
  numberId?: string;
  value: Record<string, unknown>;
}

type Value = Record<string, unknown>;

/** One body per URL. */
export function bodies(updates: Update[]): { app: MetaApp; url: string; body: string }[] {
  const byTarget = Map.groupBy(updates, (update) => `${update.app.id} ${update.url}`);
  return [...byTarget.values()].map((mine) => {
    const { app, url } = mine[0] as Update;
    const byAccount = Map.groupBy(mine, (update) => update.wabaId);
    const entry = [...byAccount].map(([id, some]) => ({ id, changes: changes(some) }));
    return {
      app,
      url,
      body: asciiJson({ object: 'whatsapp_business_account', entry }).replaceAll('/', '\\/'),
    };
  });
}

function changes(updates: Update[]): { field: string; value: Value }[] {
  const merged: { field: string; numberId: string | undefined; value: Value }[] = [];
  for (const { field, numberId, value } of updates) {
    const same = numberId && merged.find((one) => one.field === field && one.numberId === numberId);
    if (same) same.value = together(same.value, value);
    else merged.push({ field, numberId, value });
  }
  return merged.map(({ field, value }) => ({ field, value }));
}

/** Lists are joined, contacts once each. */
function together(one: Value, other: Value): Value {
  const joined: Value = { ...one, ...other };
  for (const list of ['contacts', 'messages', 'statuses', 'errors']) {
    const all = [...((one[list] as unknown[]) ?? []), ...((other[list] as unknown[]) ?? [])];
    if (all.length > 0) joined[list] = list === 'contacts' ? unique(all) : all;
  }
  return joined;
}
const unique = (all: unknown[]): unknown[] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
];

/** `sha256=` + HMAC-SHA256 of the exact bytes. */
export const signature = (secret: string, body: string | Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const digits = (phone: string): string => phone.replace(/\D/g, '');

const metadata = (number: BusinessNumber): Value => ({
  display_phone_number: digits(number.phone),
  phone_number_id: number.id,
});

/** What the business may know of a person. */
const contact = (user: WhatsappUser): Value => ({
  profile: { name: user.name, ...(user.username ? { username: user.username } : {}) },
  ...(user.hidesPhone ? {} : { wa_id: digits(user.phone) }),
  user_id: user.bsuid,
});

export const sender = (user: WhatsappUser): Value => ({
  ...(user.hidesPhone ? {} : { from: digits(user.phone) }),
  from_user_id: user.bsuid,
});

export const inbound = (number: BusinessNumber, user: WhatsappUser, message: Value): Value => ({
  messaging_product: 'whatsapp',
  metadata: metadata(number),
  contacts: [contact(user)],
  messages: [message],
});

export function statusValue(
  outgoing: Outgoing,
  status: PhoneMessage['status'],
  at: number,
  error?: Value,
): Value {
  const { user, number } = outgoing.thread;
  const failed = status === 'failed';
  return {
    messaging_product: 'whatsapp',
    metadata: metadata(number),
    ...(failed ? {} : { contacts: [contact(user)] }),
    statuses: [
      {
        id: outgoing.wamid,
        status,
        timestamp: String(Math.floor(at / 1000)),
        ...(outgoing.byBsuid ? {} : { recipient_id: digits(user.phone) }),
        ...(failed && !outgoing.byBsuid ? {} : { recipient_user_id: user.bsuid }),
        ...(outgoing.reference === undefined ? {} : { biz_opaque_callback_data: outgoing.reference }),
        ...(failed ? { errors: [error] } : { pricing: pricing(outgoing) }),
      },
    ],
  };
}

const pricing = ({ template }: Outgoing): Value => ({
  billable: template,
  pricing_model: 'PMP',
  type: template ? 'regular' : 'free_customer_service',
  category: template ? 'utility' : 'service',
});

/** Meta's challenge: a GET that must answer 200 with the challenge as its whole body. Undefined = passed. */
export async function handshake({ url, verifyToken }: Callback): Promise<string | undefined> {
  const target = new URL(url);
  const challenge = String(randomInt(1_000_000_000));
  target.searchParams.set('hub.mode', 'subscribe');
  target.searchParams.set('hub.challenge', challenge);
  target.searchParams.set('hub.verify_token', verifyToken);
  try {
    const response = await fetch(target, { redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    if (response.status !== 200) return `HTTP Status Code = ${response.status}`;
    return (await response.text()) === challenge
      ? undefined
      : 'HTTP Status Code = 200; the challenge differs';
  } catch {
    return 'HTTP Status Code = 0; the URL could not be reached';
  }
}
