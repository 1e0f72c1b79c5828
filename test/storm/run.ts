/** One row: calm traffic, the fault with traffic going on, calm again; then everything is counted. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Call, Emulator } from '../../playground/kit.ts';
import type { Town } from '../support/town.ts';
import type { Row } from './report.ts';
import type { Traffic } from './traffic.ts';

export interface Plan {
  fault: string;
  traffic: Traffic;
  /** Whose calls are counted. */
  at: Emulator;
  /** The fault begins; afterwards `lift` ends it and answers how often it happened. */
  lay(): Promise<Lifted> | Lifted;
  /** Rounds of messages while the fault lasts, `everyMs` apart. */
  rounds: number;
  everyMs: number;
  /** Which direction the traffic has meanwhile; both without it. */
  only?: 'write' | 'answer';
  /** How long everything may take to arrive afterwards. */
  withinMs: number;
  /** The doors are closed meanwhile: see Row. */
  mayBeLate?: boolean;
  /** What else must be so: each answer is what was wrong. */
  check?(calls: Call[]): string[];
}
export interface Lifted {
  lift(): Promise<number> | number;
}

/** Counts what the emulator was made to do until it is asked. */
export function counted(emulator: Emulator): () => number {
  let times = 0;
  const count = () => {
    times += 1;
  };
  emulator.on('fault', count);
  return () => {
    emulator.off('fault', count);
    return times;
  };
}

export async function run(plan: Plan): Promise<Row> {
  const { traffic, at } = plan;
  const began = Date.now();
  const before = at.calls.length;
  const sentBefore = traffic.sent();
  const { lift } = await plan.lay();
  for (let round = 0; round < plan.rounds; round += 1) {
    if (plan.only !== 'answer') traffic.write();
    if (plan.only !== 'write') traffic.answer();
    await pause(plan.everyMs);
  }
  const duringFault = at.calls.slice(before);
  const injected = await lift();
  // One more message behind each: what was in doubt is over when it has arrived.
  if (plan.only !== 'answer') traffic.write();
  if (plan.only !== 'write') traffic.answer();
  await traffic.arrived(plan.withinMs);
  // A second copy would come within a moment.
  await pause(1_500);
  return {
    fault: plan.fault,
    injected,
    provider: seen(at, duringFault, at.calls.slice(before + duringFault.length)),
    agent: agentSaw(traffic),
    sent: traffic.sent() - sentBefore,
    tally: traffic.tally(),
    mayBeLate: plan.mayBeLate ?? false,
    unknown: traffic.unknown(),
    seconds: (Date.now() - began) / 1_000,
    wrong: plan.check?.(duringFault) ?? [],
  };
}

const titles: Record<string, string> = {
  intercom: 'Intercom',
  hubspot: 'HubSpot',
  telegram: 'Telegram',
  meta: 'WhatsApp',
  twilio: 'Twilio',
};

function seen(at: Emulator, during: Call[], after: Call[]): string {
  const counts = (calls: Call[]) => {
    const by = Map.groupBy(calls, ({ status }) => (status === 0 ? 'unanswered' : String(status)));
    return [...by].map(([status, some]) => `${some.length} × ${status}`).join(', ') || 'nothing';
  };
  return `${titles[at.api] ?? at.api}: ${counts(during)}; then ${counts(after)}`;
}

function agentSaw(traffic: Traffic): string {
  const notes = traffic.notes().length;
  const failed = traffic.failed();
  const told = [
    ...(notes > 0 ? [`${notes} notes`] : []),
    ...(failed > 0 ? [`${failed} FAILED with the reason`] : []),
  ];
  return told.length > 0 ? `${told.join(', ')} (${traffic.unknown()} “may have been delivered”)` : 'nothing';
}

/** The doors answer 503 to whoever wants to store something; `readyz` says why. */
export async function readiness(town: Town): Promise<{ status: number; why: string }> {
  try {
    const response = await fetch(`${town.url}/readyz`, { signal: AbortSignal.timeout(10_000) });
    const { why = '' } = (await response.json()) as { why?: string };
    return { status: response.status, why };
  } catch (error) {
    return { status: 0, why: String(error) };
  }
}
