/** The provider behind a channel: customers' phones on one side, our requests on the other. */
import type { HttpRequest } from '../../server/core/adapter.ts';
import type { ReceiptStatus } from '../../server/core/message.ts';
import type { Answer, Party } from './network.ts';
import { type ChannelProfile, fileLife } from './profiles.ts';
import type { Simulation } from './simulation.ts';
import type { Listed, WireMessage, WireReceipt } from './wire.ts';

export interface Provider extends Party {
  /** Until then it answers 401. */
  revokedUntil: number;
  customerWrites(customer: string, text: string, file: string | undefined): void;
}

interface Sent extends Listed {
  to: string;
  ref?: string;
  /** When its list begins to show it. */
  shownAt: number;
}

/** The list is behind by up to this, ms. */
const LAG_MS = 5_000;

export function createProvider(simulation: Simulation, profile: ChannelProfile, account: string): Provider {
  const { machine, truth, fault } = simulation;
  /** Its clock is not ours. */
  const skew = machine.random.between(-2_000, 2_000);
  const clock = () => machine.now() + skew;
  const sent: Sent[] = [];
  const received: WireMessage[] = [];
  const files = new Map<string, { content: string; until: number }>();
  const outbox = createOutbox(simulation, profile, account);
  let made = 0;
  const nextId = (what: string): string => {
    made += 1;
    return `${profile.id}-${what}-${made}`;
  };

  const provider: Provider = {
    host: `${profile.id}.sim`,
    revokedUntil: 0,
    customerWrites: (customer, text, content) => {
      const id = nextId('in');
      const ref =
        content === undefined ? undefined : keep(content, fileLife(machine.random, profile.fileLife));
      const at = profile.order === 'sequence' ? clock() : Math.floor(clock() / 1_000) * 1_000;
      const seq = profile.order === 'sequence' ? made : undefined;
      const message: WireMessage = {
        kind: 'message',
        id,
        from: customer,
        text,
        ...(ref ? { file: { ref } } : {}),
        ...(profile.order === 'arrival' ? {} : { at }),
        ...(seq === undefined ? {} : { seq }),
      };
      received.push({ ...message, at });
      truth.write({
        id,
        direction: 'in',
        party: profile.id,
        thread: customer,
        text,
        at,
        ...(content === undefined ? {} : { file: content }),
        ...(seq === undefined ? {} : { seq }),
      });
      simulation.trace(profile.id, `${customer} writes ${id} “${text}”${content ? ' with a file' : ''}`);
      outbox(message);
    },
    handle: (request) => {
      if (machine.now() < provider.revokedUntil) {
        simulation.count('401');
        return { status: 401 };
      }
      return routes(request, request.json as never);
    },
  };
  return provider;

  function keep(content: string, life: number): string {
    const id = nextId('file');
    files.set(id, { content, until: machine.now() + life });
    return id;
  }

  function routes(request: HttpRequest, json: Record<string, unknown>): Answer {
    const path = new URL(request.url).pathname;
    if (path === '/messages') return take(json as never);
    if (path === '/files') return { status: 200, json: { id: keep(String(json.content), 60 * 60_000) } };
    if (path.startsWith('/files/')) return fetchFile(path.slice('/files/'.length));
    if (path === '/messages/search')
      return {
        status: 200,
        json: { messages: sent.filter((one) => one.to === json.to && one.shownAt <= machine.now()) },
      };
    if (path === '/received/search')
      return {
        status: 200,
        json: { messages: received.filter((one) => (one.at ?? 0) >= Number(json.since)) },
      };
    return { status: 404 };
  }

  function fetchFile(id: string): Answer {
    const file = files.get(id);
    if (file && file.until >= machine.now()) return { status: 200, json: { content: file.content } };
    simulation.count('file address expired');
    return { status: 404 };
  }

  function take(json: { to: string; text: string; files: string[]; ref?: string; truth: string }): Answer {
    if (fault('refused for good')) return { status: 400 };
    const id = nextId('out');
    const contents = profile.uploads ? json.files.map((file) => files.get(file)?.content ?? '?') : json.files;
    const at = Math.floor(clock() / 1_000) * 1_000;
    const shownAt = machine.now() + machine.random.between(0, LAG_MS);
    const { to, text } = json;
    const listed = { id, text, files: contents, at, kind: 'message' as const, by: 'us' as const };
    sent.push({ ...listed, to, shownAt, ...(json.ref ? { ref: json.ref } : {}) });
    const seen = { id, party: profile.id, kind: 'message' as const, thread: to, text, files: contents };
    truth.accept({ ...seen, delivery: json.truth, at: machine.now() });
    simulation.trace(profile.id, `accepts ${id} “${text}” of ${json.truth}`);
    reportLater(id, json.ref);
    return { status: 200, json: { id } };
  }

  function reportLater(id: string, ref: string | undefined): void {
    let wait = 0;
    for (const status of journey(profile.can.receipts)) {
      wait += machine.random.between(0, status === 'sent' ? 1_500 : 20_000);
      if (fault('receipt lost')) continue;
      machine.after(wait, () => {
        const receipt: WireReceipt = {
          kind: 'receipt',
          of: id,
          status,
          at: clock(),
          ...(ref ? { ref } : {}),
        };
        if (status === 'failed') {
          receipt.why = 'the phone is off';
          for (const one of truth.accepted) if (one.id === id) one.failed = true;
        }
        simulation.trace(profile.id, `reports ${id} ${status}`);
        outbox(receipt);
      });
    }
  }

  /** How far a message gets. */
  function journey(known: ReceiptStatus[]): ReceiptStatus[] {
    if (known.length === 0) return [];
    if (fault('receipt says failed')) return ['sent', 'failed'];
    const all: ReceiptStatus[] = ['sent', 'delivered', 'read'];
    return all.slice(0, machine.random.between(1, 3)).filter((status) => known.includes(status));
  }
}

/** Events leave one by one, or in batches where the provider batches. */
function createOutbox(simulation: Simulation, profile: ChannelProfile, account: string) {
  const { machine, network } = simulation;
  let waiting: (WireMessage | WireReceipt)[] = [];
  let number = 0;
  const post = (events: (WireMessage | WireReceipt)[]) => {
    number += 1;
    if (events.length > 1) simulation.count('webhook with a batch');
    network.post({
      adapter: simulation.adapter(profile.id),
      number,
      source: profile.id,
      body: { account, events },
      contents: events.map((event) => (event.kind === 'message' ? event.id : `${event.of} ${event.status}`)),
      redelivery: profile.redelivery,
    });
  };
  return (event: WireMessage | WireReceipt): void => {
    const alone = !profile.batches || machine.random.chance(0.5);
    if (alone) post([event]);
    else waiting.push(event);
    if (alone || waiting.length > 1) return;
    machine.after(machine.random.between(50, 1_500), () => {
      const events = waiting;
      waiting = [];
      post(events);
    });
  };
}
