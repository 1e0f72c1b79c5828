/** Erasing one customer from every workspace of an account, with a receipt that does not say who it was. */
import type { Customer } from '../core/message.ts';
import { equivalentNumbers, toE164 } from '../core/phone.ts';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { Erased } from '../store/erasure/erase.ts';
import type { ErasureStore } from '../store/erasure/erasure.ts';
import type { Actor, Audit, AuditWish, Erasure, ErasureReceipt } from './contracts.ts';
import { notAllowed } from './people.ts';
import { refusal } from './refusal.ts';
import { mayManage } from './roles.ts';

interface ErasureDeps {
  connections: ConnectionStore;
  erasures: ErasureStore;
  audit: Audit;
  clock: { now(): number };
}

const KEPT =
  'Kept: keyed hashes of message ids (they keep duplicates out), counts, times and statuses. None of them can be turned back into a name, number or message. What the inbox itself holds is erased there.';
const NOT_YET =
  'The database’s file was being read just now, by a backup for example: within the hour, what was erased is overwritten there as well.';

export function createErasure(deps: ErasureDeps): Erasure {
  return {
    erase: async (by, customer) => {
      if (!mayManage(by.role)) return notAllowed();
      const wanted = wantedOf(customer);
      if (!wanted)
        return refusal('invalid', 'Give a phone number, an id, or a handle such as @ann.', 'customer');
      return erase(deps, by, wanted);
    },
  };
}

interface Wanted {
  /** All the ways in which this customer may be written down here. */
  names: string[];
  isTheirs(thread: string, customer: Customer): boolean;
}

/** Short words would find half of everybody. */
const MIN_LENGTH = 4;

function wantedOf(written: string): Wanted | undefined {
  const text = written.trim();
  const phone = toE164(text) ?? toE164(`+${text.replace(/\D/g, '')}`);
  const isHandle = text.startsWith('@');
  const names = isHandle ? [text] : [...new Set([text, ...(phone ? equivalentNumbers(phone) : [])])];
  if (text.replace(/^@/, '').length < MIN_LENGTH) return undefined;
  const known = new Set(names.map((name) => name.toLowerCase()));
  return {
    names,
    isTheirs: (thread, { identities, address }) =>
      [thread, address, ...identities.map((one) => one.value)].some((name) => known.has(name.toLowerCase())),
  };
}

/** Many providers write numbers without the plus. */
const digitsOf = (names: string[]): string[] =>
  names.filter((name) => name.startsWith('+')).map((name) => name.slice(1));

const isSomebody = ({ conversations, messages }: Erased): boolean => conversations + messages > 0;

const entryOf = (workspaceId: string, subject: string, erased: Erased): AuditWish => {
  const { conversations, messages, files } = erased;
  const facts = { conversations, messages, files: files.length };
  return { action: 'customer.erased', workspaceId, subject, facts };
};

async function erase(deps: ErasureDeps, by: Actor, { names, isTheirs }: Wanted): Promise<ErasureReceipt> {
  const { connections, erasures, audit, clock } = deps;
  // The number's usual form stands for all of them, so that asking twice gives the same pseudonym.
  const pseudonym = await audit.pseudonym('customer', names.at(1) ?? names[0] ?? '');
  const note = await audit.noting(by);
  const workspaces: ErasureReceipt['workspaces'] = [];
  for (const { id, status } of await connections.workspacesOf(by.account_id)) {
    // An archived one has no key any more: its content was unreadable before this.
    if (status === 'archived') continue;
    const erased = await erasures.erase({
      workspaceId: id,
      isTheirs,
      words: [...names, ...digitsOf(names)],
      note: (erased) => (isSomebody(erased) ? note(entryOf(id, pseudonym, erased)) : undefined),
    });
    if (isSomebody(erased)) workspaces.push({ workspaceId: id, ...erased, files: erased.files.length });
  }
  if (workspaces.length === 0)
    await audit.record(by, { action: 'customer.erased', subject: pseudonym, facts: { messages: 0 } });
  const kept = (await erasures.scrub()) ? KEPT : `${KEPT} ${NOT_YET}`;
  return { at: clock.now(), customer: pseudonym, workspaces, kept };
}
