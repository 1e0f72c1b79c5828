import { z } from 'zod';
import type {
  AnyAdapter,
  Delivery,
  Inspection,
  Io,
  Making,
  MessageDelivery,
  StatusDelivery,
} from '../../server/core/adapter.ts';
import type { Capabilities } from '../../server/core/capabilities.ts';
import { describe } from '../../server/core/describe.ts';
import type { Identity } from '../../server/core/message.ts';
import { type NotSent, type Outcome, type Sent, sent, unknown } from '../../server/core/outcome.ts';

/** What the other side holds once it has taken a message. */
export interface Accepted {
  id: string;
  /** Our delivery's id. */
  key: string;
  thread: string;
  text: string;
}

/** How one call goes. `accept` makes the message over there; the outcome is what we hear of it. */
export type Plan = (delivery: Delivery, accept: () => Sent, io: Io) => Outcome | Promise<Outcome>;

export const acceptThenTimeOut: Plan = (_delivery, accept) => {
  accept();
  return unknown('no answer in time');
};
export const timeOut: Plan = () => unknown('no answer in time');
/** The call never comes back: the process dies meanwhile. */
export const acceptThenHang: Plan = (_delivery, accept) => {
  accept();
  return new Promise(() => undefined);
};
export const hang: Plan = () => new Promise(() => undefined);
export const answer =
  (outcome: NotSent): Plan =>
  () =>
    outcome;

export interface OtherSideOptions {
  id: string;
  side: 'platform' | 'channel';
  can?: Partial<Capabilities>;
  /** Can be asked whether a delivery arrived. */
  lookup?: boolean;
  /** Finds or makes a contact before a conversation's first message, locked by the customer's first identity. */
  contacts?: boolean;
  /** Can be asked whether its credentials work. */
  inspect?: boolean;
}

const plain: Capabilities = {
  text: { max: 100, unit: 'characters' },
  files: {},
  caption: 0,
  filesPerCall: 1,
  filesWithText: false,
  filesWhenOpening: true,
  receipts: [],
  idempotent: false,
  echo: false,
  tells: [],
  redelivery: 'none',
};

/** A platform or a provider in memory, and the adapter that talks to it: accepts, refuses, or falls silent as planned. */
export class OtherSide {
  readonly accepted: Accepted[] = [];
  /** Statuses of agents' messages that it was told. */
  readonly told: { of: string; status: string; why?: string }[] = [];
  /** Every call that reached it, accepted or not. */
  readonly calls: Delivery[] = [];
  readonly contacts: string[] = [];
  /** When earlier runs of the contact step began, as told to later ones. */
  readonly resumed: (number | undefined)[] = [];
  /** What the next runs of the contact step do instead of making a contact. */
  contactPlans: ((make: () => string) => Promise<string | NotSent>)[] = [];
  /** Answers of the next look-ups instead of the truth. */
  lookups: ('absent' | 'cannot' | Error)[] = [];
  looked = 0;
  /** What it says when it is asked whether the credentials work. */
  inspection: Inspection = { name: 'Pager' };
  probe: Pick<AnyAdapter, 'refresh' | 'refreshNeed'> = {};
  readonly adapter: AnyAdapter;
  readonly #plans: Plan[] = [];
  #waiting: { calls: number; resolve: () => void }[] = [];

  constructor(options: OtherSideOptions) {
    this.adapter = {
      id: options.id,
      side: options.side,
      title: options.id,
      credentials: z.object({ token: z.string() }),
      can: { ...plain, ...options.can },
      receive: async () => ({ events: [] }),
      send: (delivery, _connection, io) => this.#take(delivery, io),
      refresh: async (connection, io) => this.probe.refresh?.(connection, io),
      refreshNeed: (connection, io) => this.probe.refreshNeed?.(connection, io) ?? 'due',
      ...(options.inspect ? { inspect: async () => this.inspection } : {}),
      ...(options.lookup ? { lookup: async (delivery: Delivery) => this.#look(delivery) } : {}),
      ...(options.contacts
        ? { prepare: (delivery: Delivery) => (delivery.kind === 'message' ? this.#prepare(delivery) : []) }
        : {}),
    };
  }

  /** The next calls go like this, in order; then every call is accepted. */
  next(...plans: Plan[]): void {
    this.#plans.push(...plans);
  }
  texts(thread?: string): string[] {
    return this.accepted
      .filter((one) => thread === undefined || one.thread === thread)
      .map((one) => one.text);
  }
  /** Resolves when so many calls have reached it. */
  called(calls: number): Promise<void> {
    if (this.calls.length >= calls) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ calls, resolve }));
  }

  async #take(delivery: Delivery, io: Io): Promise<Outcome> {
    this.calls.push(delivery);
    for (const waiting of this.#waiting) if (this.calls.length >= waiting.calls) waiting.resolve();
    const plan = this.#plans.shift();
    const accept = () => (delivery.kind === 'message' ? this.#accept(delivery) : this.#hear(delivery));
    return plan ? plan(delivery, accept, io) : accept();
  }

  #accept(delivery: MessageDelivery): Sent {
    const known = this.adapter.can.idempotent && this.accepted.find((one) => one.key === delivery.id);
    if (known) return sent(known.id, { thread: known.thread });
    const id = `${this.adapter.id}-${this.accepted.length + 1}`;
    const { platformThread, thread: address } = delivery.conversation;
    const thread =
      this.adapter.side === 'channel'
        ? address
        : ((delivery.opens ? undefined : platformThread) ?? `thread-${id}`);
    const text = delivery.parts.map((part) => describe(part)).join('\n');
    this.accepted.push({ id, key: delivery.id, thread, text });
    return sent(id, this.adapter.side === 'platform' ? { thread } : {});
  }

  #hear({ of, status, why }: StatusDelivery): Sent {
    this.told.push({ of, status, ...(why === undefined ? {} : { why }) });
    return sent(of);
  }

  #look(delivery: Delivery): { found: string; thread?: string } | 'absent' | 'cannot' {
    this.looked += 1;
    const planned = this.lookups.shift();
    if (planned instanceof Error) throw planned;
    if (planned) return planned;
    const found = this.accepted.find(({ id, key }) => key === delivery.id && !delivery.taken?.includes(id));
    return found ? { found: found.id, thread: found.thread } : 'absent';
  }

  #prepare(delivery: MessageDelivery) {
    if (delivery.prepared.contact) return [];
    const make = () => {
      const contact = `contact-${this.contacts.length + 1}`;
      this.contacts.push(contact);
      return contact;
    };
    return [
      {
        name: 'contact',
        lock: delivery.conversation.customer.identities[0] as Identity,
        run: async (_prepared: Record<string, string>, { resumed, begins }: Making) => {
          this.resumed.push(resumed);
          const known = resumed === undefined ? undefined : this.contacts.at(-1);
          if (known && this.contactPlans.length === 0) return known;
          await begins();
          return this.contactPlans.shift()?.(make) ?? make();
        },
      },
    ];
  }
}
