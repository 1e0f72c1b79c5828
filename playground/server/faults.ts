/** The fault switches of the page, as plans of the simulated systems. */
import type { Emulator, Fault } from '../kit.ts';
import type { Faults, NextFault, SystemId } from '../page/api.ts';
import type { Emulators } from '../town/emulators.ts';
import { SYSTEM_OF } from './wire.ts';

/** The call with which Octopods sends a message there; nothing else is spoiled. */
const SENDS: Record<SystemId, RegExp> = {
  telegram: /^\/bot[^/]+\/send(?!chataction)/i,
  whatsapp: /^\/v[\d.]+\/\d+\/messages/,
  twilio: /\/Messages\.json/,
  intercom: /^\/conversations(\/[^/]+\/reply)?(\?|$)/,
  hubspot: /^\/conversations\/(v3\/)?custom-channels\/.*\/messages(\?|$)/,
};
const FAULTS: Record<NextFault, Fault> = {
  '429': { kind: 'status', status: 429, retryAfter: 2 },
  '500': { kind: 'status', status: 500 },
  hang: { kind: 'accept_then_hang' },
};
const KINDS = Object.keys(FAULTS) as NextFault[];
/** Those that tell a sender nothing after the acceptance have nothing to send out of order. */
const SENDS_RECEIPTS = new Set<SystemId>(['whatsapp', 'twilio']);

const kindOf = (fault: Fault): NextFault | undefined =>
  KINDS.find((kind) => JSON.stringify(FAULTS[kind]) === JSON.stringify(fault));

export class FaultDesk {
  readonly #emulators: Map<SystemId, Emulator>;
  readonly #next = new Map<SystemId, Record<NextFault, number>>();

  constructor(emulators: Emulators, touch: () => void) {
    const named = Object.entries(emulators) as [keyof Emulators, Emulator][];
    this.#emulators = new Map(named.map(([name, emulator]) => [SYSTEM_OF[name], emulator]));
    for (const [system, emulator] of this.#emulators) {
      this.#next.set(system, { '429': 0, '500': 0, hang: 0 });
      emulator.on('fault', (fault: Fault) => {
        const kind = kindOf(fault);
        const next = this.#next.get(system);
        if (kind && next) next[kind] = Math.max(0, next[kind] - 1);
        touch();
      });
    }
  }

  get faults(): Record<SystemId, Faults> {
    const shown = [...this.#emulators].map(([system, emulator]) => [system, this.#of(system, emulator)]);
    return Object.fromEntries(shown) as Record<SystemId, Faults>;
  }

  plan(system: SystemId, fault: NextFault, times: number): void {
    const next = this.#next.get(system);
    if (next) next[fault] = times;
    this.#apply(system);
  }

  turn(system: SystemId, name: 'duplicateWebhooks' | 'reorderReceipts', on: boolean): void {
    const emulator = this.#emulators.get(system);
    if (emulator) emulator[name] = on;
  }

  clear(): void {
    for (const [system, emulator] of this.#emulators) {
      this.#next.set(system, { '429': 0, '500': 0, hang: 0 });
      this.#apply(system);
      emulator.duplicateWebhooks = false;
      emulator.reorderReceipts = false;
    }
  }

  #of(system: SystemId, emulator: Emulator): Faults {
    const next = this.#next.get(system) ?? { '429': 0, '500': 0, hang: 0 };
    return {
      next: { ...next },
      duplicateWebhooks: emulator.duplicateWebhooks,
      ...(SENDS_RECEIPTS.has(system) ? { reorderReceipts: emulator.reorderReceipts } : {}),
    };
  }

  /** The emulator's plans, made anew from what the switches say. */
  #apply(system: SystemId): void {
    const emulator = this.#emulators.get(system);
    emulator?.clearFaults();
    for (const kind of KINDS) {
      const times = this.#next.get(system)?.[kind] ?? 0;
      if (times > 0) emulator?.plan('POST', SENDS[system], FAULTS[kind], times);
    }
  }
}
