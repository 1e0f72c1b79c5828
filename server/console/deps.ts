/** What the console is handed. It writes no SQL and knows no adapter by name. */
import type { Channels } from '../accounts/channels.ts';
import type {
  Audit,
  Doctor,
  Erasure,
  Invitations,
  Passwords,
  People,
  SignIns,
} from '../accounts/contracts.ts';
import type { Random } from '../accounts/secrets.ts';
import type { Sessions } from '../accounts/sessions.ts';
import type { Tokens } from '../accounts/tokens.ts';
import type { ArchiveDeps } from '../accounts/workspaces.ts';
import type { BrowserCookies } from '../http/session.ts';
import type { ResendResult } from '../store/ledger/resend.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import type { ActivityStore } from '../store/reading/activity.ts';
import type { TrafficStore } from '../store/reading/traffic.ts';

export interface ConsoleDeps extends ArchiveDeps {
  publicUrl: string;
  clock: { now(): number };
  random: Random;
  cookies: BrowserCookies;
  accounts: AccountStore;
  sessions: Sessions;
  tokens: Tokens;
  channels: Channels;
  activity: ActivityStore;
  traffic: TrafficStore;
  /** Puts failed parts of a message back to work. */
  retry(workspaceIds: string[], id: string): Promise<ResendResult>;
  webhookUrl(type: string, channelId: string, credentials: unknown): string;
  people: People;
  invitations: Invitations;
  passwords: Passwords;
  signIns: SignIns;
  audit: Audit;
  doctor: Doctor;
  erasure: Erasure;
  /** Ids of the providers that sign people in: `google`, `intercom`, `hubspot`. */
  providers: { id: string; title: string }[];
}
