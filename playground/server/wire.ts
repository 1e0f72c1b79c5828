/** Every HTTP call between Octopods and the simulated systems, both ways, for those who want to see it. */
import type { Call, Fault } from '../kit.ts';
import type { SystemId, WireCall } from '../page/api.ts';
import type { Emulators } from '../town/emulators.ts';
import type { SentWebhook } from '../webhook.ts';

const KEPT = 100;

export const SYSTEM_OF: Record<keyof Emulators, SystemId> = {
  telegram: 'telegram',
  meta: 'whatsapp',
  twilio: 'twilio',
  intercom: 'intercom',
  hubspot: 'hubspot',
};

export class WireView {
  /** Newest first. */
  calls: WireCall[] = [];
  #made = 0;

  constructor(emulators: Emulators, touch: () => void) {
    for (const [name, emulator] of Object.entries(emulators)) {
      const system = SYSTEM_OF[name as keyof Emulators];
      emulator.on('call', (call: Call, fault?: Fault) => {
        const { method, path, status, at } = call;
        const spoiled = fault ? { fault: wordsFor(fault) } : {};
        this.#add({ at, direction: 'out', system, method, path: withoutSecrets(path), status, ...spoiled });
        touch();
      });
      emulator.on('webhook', ({ at, url, method = 'POST', status }: SentWebhook) => {
        const { pathname, search } = new URL(url);
        this.#add({ at, direction: 'in', system, method, path: withoutSecrets(pathname + search), status });
        touch();
      });
    }
  }

  #add(call: Omit<WireCall, 'id'>): void {
    this.#made += 1;
    this.calls = [{ id: String(this.#made), ...call }, ...this.calls.slice(0, KEPT - 1)];
  }
}

/** Telegram's token stands in the path, others' keys in the query. */
function withoutSecrets(path: string): string {
  return path
    .replace(/\/bot(\d+):[^/]+/, '/bot$1:•••')
    .replace(/([?&][^=&]*(?:token|secret|key|hash|sig|code)[^=&]*=)[^&]+/gi, '$1•••');
}

const wordsFor = (fault: Fault): string =>
  fault.kind === 'status' ? `${fault.status}, as you asked` : 'left unanswered, as you asked';
