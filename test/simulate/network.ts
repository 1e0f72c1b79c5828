/**
 * The network between the product and the others. Outgoing requests meet a fate; a request that has left arrives even
 * if the process that sent it is dead by then. Webhooks are dropped, delayed, doubled and overtaken, and come again as
 * their source declares.
 */
import type { AnyAdapter, Http, HttpRequest, HttpResponse } from '../../server/core/adapter.ts';
import { WireError } from '../../server/core/outcome.ts';
import { ingest } from '../../server/relay/ingest.ts';
import type { Host } from './host.ts';
import type { Simulation } from './simulation.ts';

/** What a provider or platform answers to a request that has arrived. */
export interface Answer {
  status: number;
  json?: unknown;
}
export interface Party {
  /** The host name in its URLs. */
  host: string;
  handle(request: HttpRequest): Answer;
}

/** A source's promise: after how many ms it comes again, given what it saw; undefined = never. */
export type Redelivery = (attempt: number, seen: Seen) => number | undefined;
export type Seen = 'acknowledged' | 'refused' | 'unanswered' | 'unreachable';

export interface Letter {
  adapter: AnyAdapter;
  /** Which of the source's letters this is, to see who overtook whom. */
  number: number;
  source: string;
  body: unknown;
  /** What is inside: ids of messages, and receipts as `id status`. */
  contents: string[];
  redelivery: Redelivery;
}

export interface Network {
  http(host: Host): Http;
  post(letter: Letter): void;
  /** Letters that still travel or will come again. */
  travelling(): number;
  /** Contents of letters that were answered with 2xx: from then on they must not be lost. */
  acknowledged: Set<string>;
}

const TIMEOUT_MS = 10_000;
/** How long a source waits for our answer. */
const PATIENCE_MS = 8_000;

export function createNetwork(simulation: () => Simulation): Network {
  const underWay = new Set<Letter>();
  const newest = new Map<string, number>();
  const acknowledged = new Set<string>();
  return {
    acknowledged,
    travelling: () => underWay.size,
    http: (host) => httpOf(simulation(), host),
    post: (letter) => {
      underWay.add(letter);
      const { machine, fault } = simulation();
      const transit = () =>
        fault('webhook delayed') ? machine.random.between(1_000, 45_000) : machine.random.between(2, 150);
      if (fault('webhook doubled'))
        machine.after(transit(), () => void arrive(letter, simulation(), acknowledged));
      machine.after(transit(), () => {
        if ((newest.get(letter.source) ?? 0) > letter.number) simulation().count('webhook overtaken');
        newest.set(letter.source, Math.max(letter.number, newest.get(letter.source) ?? 0));
        void travel(letter, simulation(), acknowledged, 1).finally(() => underWay.delete(letter));
      });
    },
  };
}

async function travel(
  letter: Letter,
  simulation: Simulation,
  acknowledged: Set<string>,
  attempt: number,
): Promise<void> {
  const seen = await arrive(letter, simulation, acknowledged);
  simulation.trace(
    letter.source,
    `webhook ${letter.number} (try ${attempt}): ${seen} ${letter.contents.join(' ')}`,
  );
  if (seen === 'refused') simulation.count('webhook answered 503');
  const again = seen === 'acknowledged' ? undefined : letter.redelivery(attempt, seen);
  if (again === undefined) return;
  await simulation.machine.pause(again);
  simulation.count('webhook redelivered');
  await travel(letter, simulation, acknowledged, attempt + 1);
}

/** One try: it reaches one of the processes, or none. */
async function arrive(letter: Letter, simulation: Simulation, acknowledged: Set<string>): Promise<Seen> {
  const { machine, fault } = simulation;
  const serving = simulation.hosts.filter((host) => host.alive && host.serving);
  if (serving.length === 0) return 'unreachable';
  if (fault('webhook dropped')) return 'unanswered';
  const host = machine.random.pick(serving);
  const answered = handOver(letter, host).then((status) => {
    if (status >= 300) return 'refused' as const;
    for (const id of letter.contents) acknowledged.add(id);
    return 'acknowledged' as const;
  });
  const impatient = machine.pause(PATIENCE_MS).then(() => 'unanswered' as const);
  const seen = await Promise.race([answered, impatient]);
  return seen === 'acknowledged' && fault('webhook answer lost') ? 'unanswered' : seen;
}

async function handOver(letter: Letter, host: Host): Promise<number> {
  const { ledger, connections, io } = host.deps;
  const request = {
    method: 'POST',
    url: 'https://octopods.sim/webhooks',
    headers: {},
    body: Buffer.from(JSON.stringify(letter.body)),
  };
  const { status } = await ingest(letter.adapter, request, {
    ledger,
    connections,
    io,
    onOutage: host.outage,
  });
  return status;
}

function httpOf(simulation: Simulation, host: Host): Http {
  const call = (request: HttpRequest) => request_(simulation, host, request);
  const unused = () => Promise.reject(new Error('simulated adapters use plain calls'));
  return Object.assign(call, { download: unused, fetch: unused });
}

async function request_(simulation: Simulation, host: Host, request: HttpRequest): Promise<HttpResponse> {
  const what = `${request.method} ${request.url.replace('https://', '')}`;
  const began = simulation.machine.now();
  await host.step(`before ${what}`);
  // A process that was frozen before its request left finds the time-out over, and does not send any more.
  const left = (request.timeoutMs ?? TIMEOUT_MS) - (simulation.machine.now() - began);
  if (left < 1_500) throw new WireError('no answer in time', false);
  simulation.trace(host.name, `→ ${what} ${JSON.stringify(request.json ?? '')}`);
  const answer = await meet(simulation, { ...request, timeoutMs: left }).catch(async (error) => {
    simulation.trace(host.name, `✗ ${what}: ${String((error as Error).message)}`);
    await host.step(`after the failure of ${what}`);
    throw error;
  });
  simulation.trace(host.name, `← ${answer.status} ${what} ${answer.text}`);
  await host.step(`after the answer to ${what}`);
  return answer;
}

/** What becomes of a request. Only writes can be accepted without our hearing of it. */
async function meet(simulation: Simulation, request: HttpRequest): Promise<HttpResponse> {
  const { machine, fault } = simulation;
  const limit = request.timeoutMs ?? TIMEOUT_MS;
  const party = simulation.party(new URL(request.url).host);
  const arrival = (ms: number) =>
    new Promise<Answer>((resolve) => machine.after(ms, () => resolve(party.handle(request))));
  const soon = () => machine.random.between(2, 80);
  await machine.pause(soon());
  if (fault('connection refused')) throw new WireError('connection refused', true);
  if (fault('429'))
    return response({ status: 429 }, { 'retry-after': String(machine.random.between(1, 30)) });
  if (fault('503')) return response({ status: 503 });
  if (fault('500 before acceptance')) return response({ status: 500 });
  if (fault('request lost')) return silence(simulation, limit);
  if (fault('accepted, then time-out')) {
    void arrival(machine.random.between(5, limit - 100));
    return silence(simulation, limit - 80);
  }
  const answer = await arrival(fault('slow') ? machine.random.between(1_000, limit - 1_000) : soon());
  if (fault('accepted, then reset')) throw new WireError('connection reset', false);
  if (fault('accepted, then 502')) return response({ status: 502 });
  await machine.pause(soon());
  return response(answer);
}

async function silence({ machine }: Simulation, ms: number): Promise<never> {
  await machine.pause(ms);
  throw new WireError('no answer in time', false);
}

function response({ status, json }: Answer, headers: Record<string, string> = {}): HttpResponse {
  const text = json === undefined ? '' : JSON.stringify(json);
  return { status, headers, text, json: text === '' ? undefined : JSON.parse(text) };
}
