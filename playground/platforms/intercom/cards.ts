/** The app's card beside a conversation, and Intercom's daily question after the app's health. */

import { canvasFaults } from './canvas-rules.ts';
import { healthReport } from './oauth.ts';
import { bodySignature } from './webhooks.ts';
import { adminJson, contactJson, conversationJson } from './wire.ts';
import type { Conversation, HealthReport, Teammate, Workspace, World } from './world.ts';

export interface ShownCanvas {
  content: { components: Record<string, unknown>[] };
  stored_data?: unknown;
}
/** What the inbox shows: a canvas, or Intercom's own error box with the reasons. */
export type CardAnswer = { ok: true; canvas: ShownCanvas } | { ok: false; status: number; why: string };

export interface Cards {
  open(workspace: Workspace, conversation: Conversation, teammate: Teammate): Promise<CardAnswer>;
  submit(
    workspace: Workspace,
    conversation: Conversation,
    teammate: Teammate,
    componentId: string,
    inputValues: Record<string, unknown>,
  ): Promise<CardAnswer>;
  health(workspace: Workspace): Promise<HealthReport>;
}

export function cardHost(world: World): Cards {
  const shown = new Map<string, ShownCanvas>();
  const keyOf = (conversation: Conversation, teammate: Teammate) => `${conversation.id}/${teammate.id}`;

  const ask = async (
    url: string | undefined,
    key: string,
    body: Record<string, unknown>,
  ): Promise<CardAnswer> => {
    if (!url) return { ok: false, status: 0, why: 'The app has no such canvas URL' };
    const { status, json } = await signedPost(world, url, body);
    if (status !== 200) return { ok: false, status, why: `The app answered ${status}` };
    const faults = canvasFaults(json);
    if (faults.length > 0) return { ok: false, status, why: faults.join('; ') };
    const { canvas } = json as { canvas: ShownCanvas };
    shown.set(key, canvas);
    return { ok: true, canvas };
  };
  return {
    open: (workspace, conversation, teammate) =>
      ask(
        world.app.canvasInitializeUrl,
        keyOf(conversation, teammate),
        context(world, workspace, conversation, teammate),
      ),
    submit: (workspace, conversation, teammate, componentId, inputValues) => {
      const key = keyOf(conversation, teammate);
      return ask(world.app.canvasSubmitUrl, key, {
        ...context(world, workspace, conversation, teammate),
        component_id: componentId,
        input_values: inputValues,
        current_canvas: shown.get(key) ?? null,
      });
    },
    health: async (workspace) => {
      if (!world.app.healthCheckUrl) throw new Error('The app has no health check URL');
      const { status, json } = await signedPost(world, world.app.healthCheckUrl, {
        workspace_id: workspace.idCode,
      });
      if (status !== 200) throw new Error(`The health check answered ${status}`);
      workspace.health = healthReport((json ?? {}) as Record<string, unknown>);
      world.changed();
      return workspace.health;
    },
  };
}

function context(
  world: World,
  workspace: Workspace,
  conversation: Conversation,
  teammate: Teammate,
): Record<string, unknown> {
  const contact = workspace.contacts.get(conversation.contactIds[0] ?? '');
  return {
    workspace_id: workspace.idCode,
    workspace_region: workspace.region,
    admin: adminJson(teammate),
    conversation: conversationJson(world, workspace, conversation, conversation.parts.slice(-500), 'html'),
    contact: contact ? contactJson(workspace, contact) : null,
  };
}

/** `X-Body-Signature`: hex HMAC-SHA256 over the bytes that are sent. Status 0 = no answer. */
async function signedPost(
  world: World,
  url: string,
  body: Record<string, unknown>,
): Promise<{ status: number; json: unknown }> {
  const text = JSON.stringify(body);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-body-signature': bodySignature(world.app.clientSecret, text),
      },
      body: text,
      signal: AbortSignal.timeout(world.timings.canvasTimeoutMs),
    });
    return { status: response.status, json: await response.json().catch(() => undefined) };
  } catch {
    return { status: 0, json: undefined };
  }
}
