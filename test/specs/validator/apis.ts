import { join } from 'node:path';
import { amendHubspot, amendMeta, amendTwilio } from './amendments.ts';
import { filesIn, readDescription } from './files.ts';
import { type OpenApi, operationsOf } from './openapi.ts';
import type { Api, Operation } from './operation.ts';
import { ownOperations } from './own.ts';
import { type BotApi, botOperations } from './telegram.ts';

export const API_NAMES = ['intercom', 'hubspot', 'meta', 'twilio', 'telegram'] as const;
export type ApiName = (typeof API_NAMES)[number];

/** Loads the official description of one API from `folder` (what `API_SPECS_DIR` names). */
export function loadApi(name: ApiName, folder: string): Api {
  const operations = [...ownOperations(name), ...OFFICIAL[name](join(folder, name))];
  return {
    name,
    operations: unique(operations),
    meant: MEANT[name] ?? [],
    ignoredHeaders: IGNORED[name] ?? [],
  };
}

const openApi = (name: ApiName, file: string, amend: (document: OpenApi) => void = () => {}): Operation[] => {
  const document = readDescription(file) as OpenApi;
  amend(document);
  return operationsOf(name, document);
};

const OFFICIAL: Record<ApiName, (folder: string) => Operation[]> = {
  intercom: (folder) => openApi('intercom', join(folder, 'intercom-2.16.validation.yaml')),
  hubspot: (folder) => filesIn(folder, /\.json$/).flatMap((file) => openApi('hubspot', file, amendHubspot)),
  meta: (folder) =>
    filesIn(folder, /^meta_business-messaging.*\.yaml$/).flatMap((file) => openApi('meta', file, amendMeta)),
  twilio: (folder) =>
    filesIn(folder, /^twilio_(api|messaging)_v\w+\.json$/).flatMap((file) =>
      openApi('twilio', file, amendTwilio),
    ),
  telegram: (folder) => botOperations(readDescription(join(folder, 'api.json')) as BotApi),
};

/** Graph addresses every kind of object by its bare id: of the operations at `/{Version}/{id}`, ours are these. */
const MEANT: Partial<Record<ApiName, string[]>> = {
  meta: [
    'getPhoneNumberById',
    'retrieveMediaUrl',
    'getWhatsAppBusinessAccountPhoneNumbers',
    'subscribeToWabaWebhooks',
    'unsubscribeFromWabaWebhooks',
    'getAllSubscriptionsForAWaba',
  ],
};

/** Meta's description wants the user agent of its own generator. */
const IGNORED: Partial<Record<ApiName, string[]>> = { meta: ['user-agent'] };

/** Several of HubSpot's files describe the same operation. */
function unique(operations: Operation[]): Operation[] {
  const seen = new Map<string, Operation>();
  for (const one of operations) {
    const key = `${one.method} ${one.template}`;
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}
