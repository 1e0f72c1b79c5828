/**
 * Traffic both ways, moderate and without end: customers write one to three messages, agents answer one or two, over
 * real HTTP. Nothing waits for a time: the next text follows when the one before was acknowledged, as people who see
 * two ticks write on.
 */
import type { SentWebhook } from '../../playground/kit.ts';
import type { Chance } from './chance.ts';
import { COMBINATIONS, type Customer, customer } from './customers.ts';
import type { Passing } from './gate.ts';
import type { CrashTown, Door } from './town.ts';

/** Every text is one token: `m17x3` is the third message of customer 17, `r17x3` the third reply to them. */
const TOKEN = /\b[mr]\d+x\d+\b/g;
/** Exchanges under way that have not yet been held up: more start while there are fewer. */
const LIVELY = 8;
/** An exchange without news for this long is held up (a doubt, a dead worker): others take its place, ms. */
const HELD_UP_MS = 2_000;
/** Between two kills no more than this begins, unless traffic is waited for: the machine is needed for starting. */
const TEXTS_A_KILL = 25;
/** A customer with so many messages makes room for a new one, whose contact and conversation must be made. */
const TALKED_OUT = 24;
/** A reply is taken for one that may be under way until it has been at the phone for this long, ms. */
const SETTLED_MS = 2_000;

/** What became of one text, seen from outside. */
export interface Fate {
  token: string;
  customer: Customer;
  sentAt: number;
  /** The first 2xx that its sender got, or would have got had the answer not been kept back. */
  committedAt?: number;
  acknowledgedAt?: number;
  /** The target's first 2xx. */
  acceptedAt?: number;
  /** The server died while it may have been under way. */
  inFlightAtKill: boolean;
}

export interface Load {
  customers: Customer[];
  fates: Map<string, Fate>;
  /** Acknowledged or accepted so far: what kills are timed by. */
  served(): number;
  /** Resolves when so much more was served. */
  untilServed(more: number): Promise<void>;
  /** The next exchange is a new customer's of this inbox. */
  wantsNewcomer(platform: Customer['platform']): void;
  /** To be told right before a server dies, and when it serves again. */
  dies(): void;
  serves(): void;
  start(): void;
  /** Resolves when so many customers have talked once. From then on there are no new ones. */
  acquaints(count: number): Promise<void>;
  /** Nobody new comes any more. */
  readonly closed: boolean;
  /** Starts nothing more; what has begun goes on. */
  stop(): void;
  /** Texts that were sent and are not accepted yet. */
  open(): Fate[];
}

export function createLoad(town: CrashTown, chance: Chance): Load {
  const customers: Customer[] = [];
  const fates = new Map<string, Fate>();
  const idle: Customer[] = [];
  const newcomers: Customer['platform'][] = [];
  const exchanges = new Set<{ newsAt: number }>();
  let waiting: { check(): boolean; resolve(): void }[] = [];
  let served = 0;
  let running = false;
  let diedAt = 0;
  let sentAtKill = 0;
  let awaited = 0;
  let closed = false;
  let timer: ReturnType<typeof setInterval> | undefined;

  const until = (check: () => boolean): Promise<void> =>
    check() ? Promise.resolve() : new Promise((resolve) => waiting.push({ check, resolve }));
  function tick(): void {
    const ready = waiting.filter((one) => one.check());
    if (ready.length === 0) return;
    waiting = waiting.filter((one) => !ready.includes(one));
    for (const one of ready) one.resolve();
  }

  town.watchers.push((door, passing) => {
    for (const token of tokensOf(door, passing)) {
      const fate = fates.get(token);
      if (!fate) continue;
      const name = door === 'in' ? 'committedAt' : 'acceptedAt';
      if (fate[name] !== undefined) continue;
      fate[name] = Date.now();
      served += 1;
    }
    tick();
  });
  for (const emulator of Object.values(town.emulators))
    emulator.on('webhook', ({ url, body, status }: SentWebhook) => {
      if (status < 200 || status > 299) return;
      for (const token of tokensIn(body, ackedBy(url))) {
        const fate = fates.get(token);
        if (fate) fate.acknowledgedAt ??= Date.now();
      }
      tick();
    });

  function send(one: Customer, kind: 'm' | 'r'): Fate {
    const texts = kind === 'm' ? one.said : one.answers;
    const token = `${kind}${one.number}x${texts.length + 1}`;
    const fate: Fate = { token, customer: one, sentAt: Date.now(), inFlightAtKill: false };
    fates.set(token, fate);
    texts.push(token);
    if (kind === 'm') one.sends(token);
    else one.answer(token);
    return fate;
  }
  async function burst(
    one: Customer,
    kind: 'm' | 'r',
    count: number,
    exchange: { newsAt: number },
  ): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) {
      const fate = send(one, kind);
      exchange.newsAt = Date.now();
      // Telegram keeps a chat's order by itself; all others post at once what is written at once.
      const ordered = kind === 'm' && one.app === 'telegram';
      if (!ordered) await until(() => fate.acknowledgedAt !== undefined || fate.acceptedAt !== undefined);
      if (nth === count - 1) await until(() => fate.acceptedAt !== undefined);
    }
    exchange.newsAt = Date.now();
  }
  async function talk(one: Customer): Promise<void> {
    const exchange = { newsAt: Date.now() };
    exchanges.add(exchange);
    await burst(one, 'm', chance.between(1, 3), exchange);
    await burst(one, 'r', chance.between(1, 2), exchange);
    exchanges.delete(exchange);
    if (closed || one.said.length < TALKED_OUT) idle.push(one);
    pump();
  }
  function newcomer(nth?: number): Customer {
    const platform = newcomers.shift();
    const choice = COMBINATIONS.filter((one) => !platform || one.platform === platform);
    const where = (nth === undefined ? undefined : choice[nth % choice.length]) ?? chance.oneOf(choice);
    const made = customer(town.emulators, customers.length, where);
    customers.push(made);
    return made;
  }
  function pump(): void {
    if (!town.servers.some((server) => server.state === 'running')) return;
    const since = Date.now() - HELD_UP_MS;
    const lively = () => [...exchanges].filter((one) => one.newsAt >= since).length;
    const enough = () => awaited === 0 && fates.size - sentAtKill >= TEXTS_A_KILL;
    while (running && lively() < LIVELY && !enough()) {
      const somebodyNew = !closed && (newcomers.length > 0 || idle.length < LIVELY);
      const next = somebodyNew ? newcomer() : idle.shift();
      if (!next) return;
      void talk(next);
    }
  }
  return {
    customers,
    fates,
    served: () => served,
    untilServed: (more) => {
      const goal = served + more;
      awaited += 1;
      pump();
      return until(() => served >= goal).finally(() => {
        awaited -= 1;
      });
    },
    acquaints: async (count) => {
      for (let nth = 0; nth < count; nth += 1) idle.push(newcomer(nth));
      closed = true;
      awaited += 1;
      pump();
      const answered = ({ answers: [first] }: Customer) =>
        first !== undefined && fates.get(first)?.acceptedAt !== undefined;
      await until(() => customers.every(answered));
      awaited -= 1;
    },
    get closed() {
      return closed;
    },
    wantsNewcomer: (platform) => newcomers.push(platform),
    dies: () => {
      diedAt = Date.now();
      sentAtKill = fates.size;
      const settled = Date.now() - SETTLED_MS;
      for (const fate of fates.values())
        if (fate.acceptedAt === undefined || fate.acceptedAt > settled) fate.inFlightAtKill = true;
    },
    serves: () => {
      // Who was not held up when the server died is not held up because it was away.
      for (const exchange of exchanges)
        if (exchange.newsAt > diedAt - HELD_UP_MS) exchange.newsAt = Date.now();
    },
    start: () => {
      running = true;
      timer = setInterval(() => {
        pump();
        forget(town);
      }, 250);
      pump();
    },
    stop: () => {
      running = false;
      clearInterval(timer);
    },
    open: () => [...fates.values()].filter((fate) => fate.acceptedAt === undefined),
  };
}

/** Of one kind only: an inbox repeats the customer's words beside the agent's, and tells us of our own messages. */
const tokensIn = (text: string, kind: 'm' | 'r'): string[] => [
  ...new Set([...text.matchAll(TOKEN)].map(([token]) => token).filter((token) => token.startsWith(kind))),
];

/** Agents' replies come from the inboxes, customers' messages from all others. */
const ackedBy = (url: string): 'm' | 'r' => (/\/(intercom|hubspot)\//.test(url) ? 'r' : 'm');

/** What this call commits (at our door) or makes (at theirs). Inboxes show customers' words, phones show agents'. */
export function tokensOf(door: Door, { method, path, body, status = 0 }: Passing): string[] {
  if (method !== 'POST' || status < 200 || status > 299) return [];
  if (door === 'in') return tokensIn(body, ackedBy(path));
  return tokensIn(body, door === 'intercom' || door === 'hubspot' ? 'm' : 'r');
}

/** The emulators remember every call for tests that look; here they would fill the memory. */
function forget({ emulators }: CrashTown): void {
  for (const emulator of Object.values(emulators)) {
    emulator.calls.length = 0;
    emulator.webhooks.length = 0;
  }
}
