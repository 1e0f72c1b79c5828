/** Octopods' own process, killed at the press of a button and started again. */
import type { Worker } from '../page/api.ts';
import type { Product } from '../town/product.ts';
import { Refused } from './http.ts';

/** Long enough to see what does not happen meanwhile. */
const DOWN_FOR_MS = 2_000;

export class WorkerSwitch {
  readonly #product: Product;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(product: Product, touch: () => void) {
    this.#product = product;
    process.on('exit', this.#abandon);
    product.on('change', () => {
      touch();
      // Killed by the switch or by itself: what runs Octopods starts it again.
      if (product.state === 'stopped' && !this.#closing) this.#startSoon();
    });
  }

  get worker(): Worker {
    const { state, kills } = this.#product;
    return { state: state === 'stopped' && this.#timer ? 'restarting' : state, kills };
  }

  async kill(): Promise<void> {
    if (this.#product.state !== 'running') throw new Refused(409, 'The worker is not running');
    await this.#product.kill();
  }

  /** Lets it finish what is under way. */
  async stop(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    await this.#product.stop();
    process.off('exit', this.#abandon);
  }

  /** However the playground ends, Octopods does not stay behind alone. */
  readonly #abandon = (): void => {
    if (this.#product.state !== 'stopped' && this.#product.pid) process.kill(this.#product.pid, 'SIGKILL');
  };

  #startSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // When it does not start, it says why in its log, and is tried again.
      this.#product.start().catch(() => this.#closing || this.#startSoon());
    }, DOWN_FOR_MS);
  }
}
