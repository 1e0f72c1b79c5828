/** The playground sets itself up as an admin would; the page shows how far it has come. */
import type { Setup } from '../page/api.ts';
import { wordsOf } from './http.ts';

export class SetupSteps {
  readonly #steps: Setup['steps'];
  #state: Setup['state'] = 'starting';
  readonly #touch: () => void;

  constructor(titles: string[], touch: () => void) {
    this.#steps = titles.map((title) => ({ title, state: 'waiting' }));
    this.#touch = touch;
  }

  get setup(): Setup {
    return { state: this.#state, steps: structuredClone(this.#steps) };
  }

  /** The next one begins; the one before it is done. */
  readonly begin = (title: string): void => {
    this.#end('done');
    const step = this.#steps.find((one) => one.title === title);
    if (step) step.state = 'running';
    else this.#steps.push({ title, state: 'running' });
    this.#touch();
  };

  done(): void {
    this.#end('done');
    this.#state = 'ready';
    this.#touch();
  }

  failed(error: unknown): void {
    this.#end('failed', wordsOf(error));
    this.#state = 'failed';
    this.#touch();
  }

  #end(state: 'done' | 'failed', detail?: string): void {
    const running = this.#steps.find((step) => step.state === 'running');
    if (running) Object.assign(running, { state, ...(detail ? { detail } : {}) });
  }
}
