/**
 * The doctor: asks the other side what is so, compares it with what should be, and says the fix in one sentence. It
 * changes nothing.
 */
import type { AnyAdapter, Connection, Inspection, Io } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { WebhookRefusalStore } from '../store/connections/webhook-refusals.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import type { Actor, Diagnosis, Doctor, Finding } from './contracts.ts';
import {
  credentialFinding,
  inboundFinding,
  scopeFinding,
  signatureFinding,
  skewFinding,
  webhookFinding,
} from './findings.ts';
import type { PlatformDeps } from './platform-side.ts';
import { refusal } from './refusal.ts';
import { maySee } from './roles.ts';

interface DoctorDeps {
  accounts: AccountStore;
  connections: ConnectionStore;
  refusals: WebhookRefusalStore;
  platforms: PlatformDeps['platforms'];
  channelAdapters: ReadonlyMap<string, AnyAdapter>;
  freshConnection: PlatformDeps['freshConnection'];
  webhookUrl(type: string, channelId: string, credentials: unknown): string;
  publicUrl: string;
  /** What `/healthz` answers as `installation`: whether PUBLIC_URL leads to us and to nobody else. */
  installation: string;
  io: Io;
}

export const createDoctor = (deps: DoctorDeps): Doctor => ({
  workspace: async (by, workspaceId) => {
    const workspace = await deps.connections.workspace(workspaceId);
    if (workspace?.account_id !== by.account_id || !maySee(by, workspaceId))
      return refusal('not_found', 'There is no such workspace.');
    const channels = await deps.connections.channelsOf(workspaceId);
    const live = channels.filter((one) => one.status !== 'archived').map((one) => one.id);
    const ids = workspace.status === 'archived' ? [] : [workspaceId, ...live];
    return (await Promise.all(ids.map((id) => diagnose(deps, id)))).filter((one) => one !== undefined);
  },
  channel: async (by: Actor, channelId) => {
    const workspaceId = await deps.accounts.workspaceOfChannel(by.account_id, channelId);
    const found = workspaceId && maySee(by, workspaceId) ? await diagnose(deps, channelId) : undefined;
    return found ?? refusal('not_found', 'There is no such channel.');
  },
});

async function diagnose(deps: DoctorDeps, id: string): Promise<Diagnosis | undefined> {
  const { connections, channelAdapters, platforms, io } = deps;
  const connection = await connections.byId(id);
  const adapter = connection && (channelAdapters.get(connection.type) ?? platforms.get(connection.type));
  if (!connection || !adapter) return undefined;
  const { workspaceId, name, type } = connection;
  const findings = [...(await asked(deps, adapter, connection)), ...(await known(deps, connection))];
  return { workspaceId, id, name, type, at: io.clock.now(), findings };
}

/** What the other side answers. One that cannot be reached says nothing about the credentials. */
async function asked(deps: DoctorDeps, adapter: AnyAdapter, connection: Connection): Promise<Finding[]> {
  const { io } = deps;
  const usable = await deps.freshConnection(connection);
  if ('unusable' in usable) return [credentialFinding({ dead: usable.unusable })];
  const dates: number[] = [];
  const url =
    connection.side === 'channel'
      ? deps.webhookUrl(connection.type, connection.id, connection.credentials)
      : deps.publicUrl;
  try {
    const said: Inspection = (await adapter.inspect?.(usable, url, noting(io, dates))) ?? {};
    return [
      { check: 'provider', state: 'ok', says: `${adapter.title} answers.` },
      credentialFinding(said),
      ...(said.missing ? [scopeFinding(said.missing, adapter.title)] : []),
      ...(said.webhook ? [webhookFinding(said.webhook)] : []),
      ...skewFinding(dates),
    ];
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return [
      {
        check: 'provider',
        state: 'broken',
        says: `${adapter.title} could not be reached: ${error.message}.`,
        fix: `Look at ${adapter.title}’s status page and at this server’s way out (DNS, firewall, proxy); messages wait meanwhile.`,
      },
      ...skewFinding(dates),
    ];
  }
}

/** The `Date` of every answer, against our clock in the middle of the call. */
function noting(io: Io, leads: number[]): Io {
  const note = (date: string | null | undefined, began: number) => {
    const theirs = Date.parse(date ?? '');
    if (!Number.isNaN(theirs)) leads.push(theirs - (began + io.clock.now()) / 2);
  };
  const call: Io['http'] = Object.assign(
    async (request: Parameters<Io['http']>[0]) => {
      const began = io.clock.now();
      const response = await io.http(request);
      note(response.headers.date, began);
      return response;
    },
    {
      download: io.http.download,
      fetch: (async (input, init) => {
        const began = io.clock.now();
        const response = await io.http.fetch(input, init);
        note(response.headers.get('date'), began);
        return response;
      }) as typeof fetch,
    },
  );
  return { ...io, http: call };
}

/** What we know ourselves: refused signatures, the last message, whether PUBLIC_URL leads here. */
async function known(deps: DoctorDeps, connection: Connection): Promise<Finding[]> {
  const { connections, refusals, io } = deps;
  const { workspaceId, id, type, side } = connection;
  const channel = side === 'channel' ? await connections.channel(workspaceId, id) : undefined;
  // A webhook of the whole app names no connection before its signature is known to be good.
  const refused = (await refusals.of(workspaceId, id)) ?? (await refusals.of('', type));
  return [
    signatureFinding(refused, { lastInboundAt: channel?.last_inbound_at ?? null, now: io.clock.now() }),
    ...(channel ? [inboundFinding(channel.last_inbound_at, io.clock.now())] : []),
    await publicUrlFinding(deps),
  ];
}

async function publicUrlFinding({ publicUrl, installation, io }: DoctorDeps): Promise<Finding> {
  const check = 'public_url';
  const fix = `Set PUBLIC_URL to the address under which this server is reached from outside (now ${publicUrl}), and restart.`;
  try {
    const answer = await io.http({ method: 'GET', url: `${publicUrl}/healthz` });
    const theirs = (answer.json as { installation?: unknown } | undefined)?.installation;
    if (theirs === installation) return { check, state: 'ok', says: `${publicUrl} leads here.` };
    return { check, state: 'broken', says: `${publicUrl} leads to something else than this server.`, fix };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    // Some networks do not let a machine reach itself by its outer name.
    return { check, state: 'attention', says: `${publicUrl} could not be reached from here.`, fix };
  }
}
