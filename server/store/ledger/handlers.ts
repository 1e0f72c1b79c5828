/** The pieces of work that share a commit, each under the name by which a thread is asked for it. */
import { append } from './append.ts';
import { closeBudgets, endProbes, openBudgets, takeSlices } from './budgets.ts';
import { claim, start } from './claims.ts';
import { beginContact, keepContact, lockContact, unlockContact } from './contacts.ts';
import { conversation, expand, replaceParts } from './expand.ts';
import { startOpening } from './openings.ts';
import { applyReceipt } from './receipts.ts';
import { resend } from './resend.ts';
import { settle } from './settle.ts';
import { keepPrepared } from './stored-events.ts';

export const HANDLERS = {
  append,
  claim,
  start,
  startOpening,
  expand,
  replaceParts,
  settle,
  applyReceipt,
  resend,
  conversation,
  keepPrepared,
  lockContact,
  beginContact,
  keepContact,
  unlockContact,
  takeSlices,
  closeBudgets,
  openBudgets,
  endProbes,
};
