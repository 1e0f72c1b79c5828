/** The inbox where agents work: contacts, conversations and their parts, in both kinds of platform. */
import type { HttpRequest } from '../../server/core/adapter.ts';
import type { Answer, Party } from './network.ts';
import { ASKED, fileLife, KEYED } from './profiles.ts';
import type { Simulation } from './simulation.ts';
import type { Listed, WireMessage } from './wire.ts';

export interface Thread {
  id: string;
  channel: string;
  customer: string;
  contact: string;
  parts: (Listed & { shownAt: number; agent?: WireMessage })[];
  /** When the search begins to show it. */
  shownAt: number;
}

export interface Platform extends Party {
  revokedUntil: number;
  threads: Thread[];
  agentWrites(thread: Thread, text: string, file: string | undefined): void;
}

/** New contacts may be missing from the search for this long, new conversations and parts for that long, ms. */
const CONTACT_LAG_MS = 60_000;
const THREAD_LAG_MS = 8_000;
const PART_LAG_MS = 2_500;
const TOKEN_LIFE_MS = 8 * 60_000;

export function createPlatform(simulation: Simulation, kind: 'asked' | 'keyed', account: string): Platform {
  const { machine, truth, fault } = simulation;
  const skew = machine.random.between(-2_000, 2_000);
  /** Whole seconds of its own clock. */
  const clock = () => Math.floor((machine.now() + skew) / 1_000) * 1_000;
  const lag = (most: number) => machine.now() + machine.random.between(0, most);
  const contacts: { id: string; value: string; shownAt: number }[] = [];
  const threads: Thread[] = [];
  const keys = new Map<string, { id: string; thread: string; contact: string }>();
  const tokens = new Map<string, number>();
  const files = new Map<string, { content: string; until: number }>();
  const profile = kind === 'asked' ? ASKED : KEYED;
  let made = 0;
  let letters = 0;
  const nextId = (what: string): string => {
    made += 1;
    return `${what}-${made}`;
  };

  const platform: Platform = {
    host: `${kind}.sim`,
    revokedUntil: 0,
    threads,
    agentWrites,
    handle: (request) => {
      const token = request.headers?.authorization ?? '';
      const path = new URL(request.url).pathname;
      const dead = kind === 'keyed' && path !== '/token' && (tokens.get(token) ?? 0) < machine.now();
      if (machine.now() < platform.revokedUntil || dead) {
        simulation.count('401');
        return { status: 401 };
      }
      return routes(path.split('/').slice(1), (request.json ?? {}) as Json, request);
    },
  };
  return platform;

  function agentWrites(thread: Thread, text: string, content: string | undefined): void {
    const id = nextId('agent');
    const seq = made;
    const ref = content === undefined ? undefined : nextId('file');
    const until = machine.now() + fileLife(machine.random, profile.fileLife);
    if (ref && content !== undefined) files.set(ref, { content, until });
    const message: WireMessage = {
      kind: 'message',
      id,
      from: thread.id,
      text,
      at: clock(),
      seq,
      ...(ref ? { file: { ref } } : {}),
      ...(kind === 'keyed'
        ? { route: { channelAccountId: thread.channel, recipient: thread.customer } }
        : {}),
    };
    const part = {
      id,
      text,
      files: content ? [content] : [],
      at: clock(),
      kind: 'message' as const,
      by: 'them' as const,
    };
    thread.parts.push({ ...part, shownAt: machine.now(), agent: message });
    truth.write({
      id,
      direction: 'out',
      party: kind,
      thread: thread.id,
      text,
      at: clock(),
      seq,
      ...(content === undefined ? {} : { file: content }),
    });
    simulation.trace(kind, `an agent writes ${id} “${text}” in ${thread.id}`);
    post(message);
  }

  function post(message: WireMessage): void {
    letters += 1;
    // What the webhook carries is not the whole: the rest is read back.
    const partial = kind === 'asked' && machine.random.chance(0.4);
    const body = partial ? { ...message, text: 'plain', file: undefined, partial } : message;
    simulation.network.post({
      adapter: simulation.adapter(kind),
      number: letters,
      source: kind,
      body: { account, events: [body] },
      contents: [message.id],
      redelivery: profile.redelivery,
    });
  }

  function routes([what = '', id = '', more = '']: string[], json: Json, request: HttpRequest): Answer {
    switch (`${request.method} ${what}${more ? `/${more}` : ''}`) {
      case 'POST token':
        return newToken();
      case 'POST contacts':
        return id === 'search' ? searchContacts(json) : newContact(json);
      case 'POST conversations':
        return id === 'search' ? searchThreads(json) : open(json);
      case 'POST conversations/reply':
        return reply(id, json, 'message');
      case 'POST conversations/note':
        return reply(id, json, 'note');
      case 'GET conversations':
        return answer(threads.find((thread) => thread.id === id)?.parts.filter(shown));
      case 'GET parts':
        return answer(threads.flatMap((thread) => thread.parts).find((part) => part.id === id)?.agent);
      case 'GET files':
        return fetchFile(id);
      case 'POST publish':
        return publish(json);
      case 'PATCH status':
        return tell(json);
      default:
        return { status: 404 };
    }
  }

  function newToken(): Answer {
    const token = nextId('token');
    const until = machine.now() + TOKEN_LIFE_MS;
    tokens.set(token, until);
    simulation.count('token renewed');
    return { status: 200, json: { token, until } };
  }

  function searchContacts(json: Json): Answer {
    return answer(contacts.filter((one) => one.value === json.value && shown(one)));
  }

  function newContact({ value }: Json): Answer {
    if (fault('refused for good')) return { status: 400 };
    const contact = { id: nextId('contact'), value: value as string, shownAt: lag(CONTACT_LAG_MS) };
    contacts.push(contact);
    truth.contacts.push({ party: kind, id: contact.id, value: contact.value });
    simulation.trace(kind, `makes ${contact.id} for ${contact.value}`);
    return answer(contact);
  }

  function searchThreads(json: Json): Answer {
    const found = threads.filter(
      (thread) => shown(thread) && (json.contact === undefined || thread.contact === json.contact),
    );
    return answer(found);
  }

  function open(json: Json): Answer {
    if (fault('refused for good')) return { status: 400 };
    const thread = newThread(json, String(json.contact));
    const part = add(thread, json, 'message');
    return answer({ id: part.id, thread: thread.id });
  }

  function newThread(json: Json, contact: string): Thread {
    const { channel, customer } = json as { channel: string; customer: string };
    const thread = {
      id: nextId('thread'),
      channel,
      customer,
      contact,
      parts: [],
      shownAt: lag(THREAD_LAG_MS),
    };
    threads.push(thread);
    truth.conversations.push({ party: kind, id: thread.id, channel, customer });
    return thread;
  }

  function reply(id: string, json: Json, as: 'message' | 'note'): Answer {
    const thread = threads.find((one) => one.id === id);
    if (!thread) return { status: 404 };
    if (as === 'message' && fault('refused for good')) return { status: 400 };
    return answer({ id: add(thread, json, as).id });
  }

  function add(thread: Thread, json: Json, as: 'message' | 'note') {
    const id = nextId(as);
    const { text, files = [], truth: delivery, status } = json as unknown as Wanted;
    const part = { id, text, files, at: clock(), kind: as, by: 'us' as const, shownAt: lag(PART_LAG_MS) };
    thread.parts.push(part);
    const seen = { id, party: kind, kind: as, thread: thread.id, text, files, delivery, at: machine.now() };
    truth.accept({ ...seen, ...(status ? { status } : {}) });
    simulation.trace(kind, `accepts ${as} ${id} “${text}” in ${thread.id} of ${delivery}`);
    return part;
  }

  function publish(json: Json): Answer {
    const key = String(json.key);
    const before = keys.get(key);
    if (before) {
      simulation.count('same key twice');
      return answer(before);
    }
    if (fault('refused for good')) return { status: 400 };
    const { channel, customer } = json as { channel: string; customer: string };
    const known = threads.find((thread) => thread.channel === channel && thread.customer === customer);
    const thread = known ?? newThread(json, contactOf(customer));
    const made = { id: add(thread, json, 'message').id, thread: thread.id, contact: thread.contact };
    keys.set(key, made);
    return answer(made);
  }

  /** The keyed platform finds the person behind a number by itself. */
  function contactOf(customer: string): string {
    const known = contacts.find((contact) => contact.value === customer);
    if (known) return known.id;
    const contact = { id: nextId('contact'), value: customer, shownAt: 0 };
    contacts.push(contact);
    return contact.id;
  }

  function tell({ of, status, truth: delivery }: Json): Answer {
    const thread = threads.find((one) => one.parts.some((part) => part.id === of));
    if (!thread) return { status: 404 };
    const told = {
      id: String(of),
      party: kind,
      kind: 'status' as const,
      thread: thread.id,
      text: '',
      files: [],
    };
    truth.accept({ ...told, delivery: String(delivery), status: String(status), at: machine.now() });
    return { status: 200 };
  }

  function fetchFile(id: string): Answer {
    const file = files.get(id);
    if (file && file.until >= machine.now()) return answer({ content: file.content });
    simulation.count('file address expired');
    return { status: 404 };
  }

  function shown({ shownAt }: { shownAt: number }): boolean {
    return shownAt <= machine.now();
  }
}

type Json = Record<string, unknown>;
interface Wanted {
  text: string;
  files?: string[];
  truth: string;
  status?: string;
}

const answer = (json: unknown): Answer => (json === undefined ? { status: 404 } : { status: 200, json });
