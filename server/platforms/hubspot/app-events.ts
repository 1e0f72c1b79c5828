/**
 * What HubSpot posts about the app's own subscriptions: up to a hundred events a call, of any portals. We subscribe to
 * one: a contact that was erased for privacy is erased here, too.
 * https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks
 */
import { z } from 'zod';
import type { FindConnection, Io, Received, WebhookRequest } from '../../core/adapter.ts';
import type { ErasureEvent } from '../../core/message.ts';
import type { HubspotOptions } from './portal.ts';
import { verifySignatureV3 } from './signature.ts';
import { parsed } from './transport.ts';

const eventsShape = z.array(
  z.object({
    subscriptionType: z.string(),
    portalId: z.coerce.string(),
    objectId: z.coerce.string(),
    /** Milliseconds since 1970. */
    occurredAt: z.number().optional(),
  }),
);

export async function receiveAppEvents(
  options: HubspotOptions,
  request: WebhookRequest,
  find: FindConnection,
  io: Io,
): Promise<Received> {
  if (!verifySignatureV3(request, options.clientSecrets, io.clock.now())) return { reject: 401 };
  const told = eventsShape.safeParse(parsed(new TextDecoder().decode(request.body)));
  if (!told.success) return { reject: 400 };
  const events: ErasureEvent[] = [];
  for (const { subscriptionType, portalId, objectId, occurredAt } of told.data) {
    if (subscriptionType !== 'contact.privacyDeletion') continue;
    const connection = await find.byExternalId('hubspot', portalId);
    if (!connection) continue;
    events.push({
      kind: 'erasure',
      connection: { workspaceId: connection.workspaceId, id: connection.id },
      id: `privacy:${objectId}`,
      contact: objectId,
      at: occurredAt ?? io.clock.now(),
    });
  }
  return { events };
}
