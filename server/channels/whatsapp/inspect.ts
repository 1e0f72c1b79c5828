import type { Connection, Inspection, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import type { WhatsAppCredentials } from './credentials.ts';
import { isDeadToken, isMissingPermission, isPassing } from './errors.ts';
import { callGraph, graphError, type WhatsAppApp } from './graph.ts';
import { record, text } from './json.ts';

const PERMISSIONS = ['whatsapp_business_messaging', 'whatsapp_business_management'];

/** A number's own callback beats the account's, which beats the app's. */
export async function inspect(
  app: WhatsAppApp,
  { credentials }: Connection<WhatsAppCredentials>,
  wanted: string,
  io: Io,
): Promise<Inspection> {
  const path = `${credentials.phone_number_id}?fields=verified_name,webhook_configuration`;
  const response = await callGraph(app, io, { method: 'GET', path, token: credentials.access_token });
  const error = graphError(response.json);
  if (error && isPassing(error)) throw new WireError(`WhatsApp answered ${response.status}`, true);
  if (response.status === 401 || (error && isDeadToken(error)))
    return { dead: 'WhatsApp does not accept this access token any more.' };
  if (error) return isMissingPermission(error) ? { missing: PERMISSIONS } : { dead: error.details };
  const phone = record(response.json);
  const configuration = record(phone?.webhook_configuration);
  const is =
    text(configuration?.phone_number) ??
    text(configuration?.whatsapp_business_account) ??
    text(configuration?.application);
  return { missing: [], ...(configuration ? { webhook: { is, wanted } } : {}) };
}
