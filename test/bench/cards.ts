/** How quickly the two cards answer: Intercom's canvas and HubSpot's card, for a conversation of ten messages. */
import { createHmac } from 'node:crypto';
import { signedHeaders } from '../../playground/platforms/hubspot/signature.ts';
import { closedLoop, httpRequest, percentile, type Request } from './load.ts';
import type { Inboxes } from './octopods.ts';
import type { Report } from './report.ts';

const CONNECTIONS = 4;
const WARM_UP = 200;

export async function measureCards(inboxes: Inboxes, count: number, report: Report): Promise<void> {
  report.progress('asking for the cards');
  for (const [name, request] of [
    ['canvas_p99_ms', canvas(inboxes)],
    ['card_p99_ms', card(inboxes)],
  ] as const) {
    const times = (many: number): Request[] => Array.from({ length: many }, () => request);
    await closedLoop(inboxes.port, times(WARM_UP), CONNECTIONS);
    const { took } = await closedLoop(inboxes.port, times(count), CONNECTIONS);
    report.figure({ name, value: percentile(took, 0.99), unit: 'ms' });
  }
}

function canvas({ intercom }: Inboxes): Request {
  const body = JSON.stringify({
    workspace_id: intercom.workspaceId,
    conversation: { id: intercom.conversationId },
  });
  const signature = createHmac('sha256', intercom.secret).update(body).digest('hex');
  return httpRequest('POST', '/intercom/canvas/initialize', { 'x-body-signature': signature }, body);
}

function card({ hubspot, publicUrl }: Inboxes): Request {
  const query = `portalId=${hubspot.portalId}&userId=71&objectId=${hubspot.contactId}&objectTypeId=0-1`;
  const path = `/hubspot/extension/card?${query}`;
  const signed = { method: 'GET', url: publicUrl + path, body: '', timestamp: Date.now() };
  return httpRequest('GET', path, signedHeaders(hubspot.secret, signed), '');
}
