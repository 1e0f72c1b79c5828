/** The ledger as the public API tells it: read as any customer would read it, with a token. */
import type { LedgerRow, LedgerStatus } from '../page/api.ts';
import type { Api, ConnectedChannel } from '../town/admin.ts';
import { customerName } from './chats.ts';

/** One message of `GET /api/v1/messages`: docs/api.md. */
interface ApiMessage {
  id: string;
  channel_id: string;
  direction: 'in' | 'out';
  status: LedgerStatus;
  reason?: string;
  created_at: string;
  history: { status: LedgerStatus; at: string; reason?: string }[];
}

/** Says what a message was about, from what the platforms know: the API tells no content. */
export type Excerpt = (message: {
  id: string;
  app: LedgerRow['app'];
  platform: LedgerRow['platform'];
  direction: 'in' | 'out';
  at: number;
}) => string | undefined;

const EVERY_MS = 400;
const ROWS = 100;
const APPS = { telegram: 'telegram', whatsapp: 'whatsapp', twilio_sms: 'sms' } as const;

export class LedgerView {
  rows: LedgerRow[] = [];
  #last = '';
  #look: () => Promise<void> = async () => undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #excerpt: Excerpt;
  readonly #touch: () => void;

  constructor(excerpt: Excerpt, touch: () => void) {
    this.#excerpt = excerpt;
    this.#touch = touch;
  }

  /** Looks again and again, while somebody watches. */
  follow(api: Api, channels: ConnectedChannel[], watched: () => boolean): void {
    // While Octopods is down, the last that was known stands.
    this.#look = () => this.#read(api, channels).catch(() => undefined);
    const again = async (): Promise<void> => {
      if (watched()) await this.#look();
      this.#timer = setTimeout(() => void again(), EVERY_MS);
    };
    void again();
  }

  look(): Promise<void> {
    return this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #read(api: Api, channels: ConnectedChannel[]): Promise<void> {
    const { status, json } = await api.call<{ data: ApiMessage[] }>('GET', `/messages?limit=${ROWS}`);
    if (status !== 200) return;
    const rows = json.data.flatMap((message) => this.#row(message, channels) ?? []);
    const now = JSON.stringify(rows);
    if (now === this.#last) return;
    this.#last = now;
    this.rows = rows;
    this.#touch();
  }

  #row(message: ApiMessage, channels: ConnectedChannel[]): LedgerRow | undefined {
    const channel = channels.find((one) => one.id === message.channel_id);
    if (!channel) return undefined;
    const { id, direction, status, reason } = message;
    const app = APPS[channel.type];
    const at = Date.parse(message.created_at);
    const excerpt = this.#excerpt({ id, app, platform: channel.platform, direction, at });
    return {
      id,
      at,
      direction,
      app,
      platform: channel.platform,
      customer: customerName[app],
      ...(excerpt ? { excerpt } : {}),
      status,
      ...(reason ? { reason } : {}),
      history: message.history.map((step) => ({ ...step, at: Date.parse(step.at) })),
    };
  }
}
