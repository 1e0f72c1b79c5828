/** Webhooks: the envelope, `X-Hub-Signature` over the very bytes, one retry, 410 and 429 with their meaning. */
import { createHmac, randomUUID } from 'node:crypto';
import type { WebhookPost, WebhookRules } from '../../kit.ts';
import type { Workspace, World } from './world.ts';
import { seconds } from './world.ts';

/** What an app that bridges conversations listens to. */
export const TOPICS = [
  'conversation.user.created',
  'conversation.user.replied',
  'conversation.admin.replied',
  'conversation.admin.single.created',
  'conversation.admin.closed',
  'conversation.admin.opened',
  'conversation.admin.snoozed',
  'conversation.admin.unsnoozed',
  'conversation.admin.assigned',
  'conversation.admin.noted',
  'conversation.operator.replied',
  'conversation_part.redacted',
  'conversation.deleted',
  'contact.merged',
  'contact.deleted',
  'contact.archived',
];

export const hubSignature = (secret: string, body: string): string =>
  `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`;
export const bodySignature = (secret: string, body: string): string =>
  createHmac('sha256', secret).update(body).digest('hex');

export interface Sender {
  notify(workspace: Workspace, topic: string, item: Record<string, unknown>): void;
  notifyUninstall(workspace: Workspace): void;
  /** Intercom's own test message; its `id` is null. */
  ping(workspace: Workspace): void;
  /** False once the endpoint has answered 410. */
  readonly subscribed: boolean;
  resubscribe(): void;
}

export function webhookSender(
  world: World,
  post: (webhook: WebhookPost, rules: WebhookRules) => void,
): Sender {
  let subscribed = true;

  const rules = (retries: WebhookRules['retries']): WebhookRules => ({
    retryAfterMs: [world.timings.webhookRetryMs],
    timeoutMs: world.timings.webhookTimeoutMs,
    retries,
  });
  const backlog = createBacklog(world, (body) => send(body));
  const send = (body: string) => {
    const url = world.app.webhookUrl;
    if (!url || !subscribed) return;
    if (backlog.takes(body)) return;
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'intercom-parrot-service-client/1.0',
      'x-hub-signature': hubSignature(world.app.clientSecret, body),
    };
    const triedAgain = (status: number): boolean => {
      if (status === 410) subscribed = false;
      if (status === 429) backlog.hold(body);
      return status !== 410 && status !== 429;
    };
    post({ url, headers, body }, rules(triedAgain));
  };
  return {
    notify: (workspace, topic, item) => {
      if (workspace.installed && world.app.topics.includes(topic))
        send(envelope(world, workspace, topic, item));
    },
    notifyUninstall: (workspace) => {
      const url = world.app.uninstallUrl;
      if (!url) return;
      // No signature is documented for this call, so none is sent.
      const body = JSON.stringify({ app_id: workspace.idCode });
      post(
        { url, headers: { 'content-type': 'application/json' }, body },
        rules(() => true),
      );
    },
    ping: (workspace) =>
      send(envelope(world, workspace, 'ping', { type: 'ping', message: 'something something interzen' })),
    get subscribed() {
      return subscribed;
    },
    resubscribe: () => {
      subscribed = true;
    },
  };
}

/** After a 429 nothing leaves for a while; what waited then goes out, newest first, as Intercom replays a backlog. */
function createBacklog(world: World, send: (body: string) => void) {
  let heldUntil = 0;
  let held: string[] = [];
  const release = () => {
    heldUntil = 0;
    const waiting = held.reverse();
    held = [];
    for (const one of waiting) send(one);
  };
  return {
    /** True: this one has to wait with the others. */
    takes: (body: string): boolean => {
      const waits = heldUntil > world.now();
      if (waits) held.push(body);
      return waits;
    },
    hold: (body: string) => {
      held.push(body);
      if (world.now() < heldUntil) return;
      heldUntil = world.now() + world.timings.webhookThrottleMs;
      setTimeout(release, world.timings.webhookThrottleMs).unref();
    },
  };
}

function envelope(world: World, workspace: Workspace, topic: string, item: Record<string, unknown>): string {
  const now = seconds(world.now());
  const ping = topic === 'ping';
  return JSON.stringify({
    type: 'notification_event',
    app_id: workspace.idCode,
    data: { type: 'notification_event_data', item },
    links: {},
    id: ping ? null : `notif_${randomUUID()}`,
    topic,
    delivery_status: ping ? null : 'pending',
    delivery_attempts: 1,
    delivered_at: 0,
    first_sent_at: now,
    created_at: now,
    self: null,
  });
}
