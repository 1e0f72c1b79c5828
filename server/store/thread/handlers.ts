/** The pieces of work that share a commit, each under the name by which a thread is asked for it. */
import { eraseContent, eraseFiles, purge } from '../erasure/retention.ts';
import { append } from '../ledger/append.ts';
import { closeBudgets, endProbes, openBudgets, takeSlices } from '../ledger/budgets.ts';
import { claim, start } from '../ledger/claims.ts';
import { beginContact, keepContact, lockContact, unlockContact } from '../ledger/contacts.ts';
import { conversation, expand, replaceParts } from '../ledger/expand.ts';
import { startOpening } from '../ledger/openings.ts';
import { applyReceipt } from '../ledger/receipts.ts';
import { resend } from '../ledger/resend.ts';
import { settle } from '../ledger/settle.ts';
import { keepPrepared } from '../ledger/stored-events.ts';

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
  eraseContent,
  eraseFiles,
  purge,
};
