/** The platforms that this installation is configured for. */
import type { AnyPlatformAdapter } from '../core/adapter.ts';
import { createHubspot, type HubspotAdapter, type HubspotOptions } from './hubspot/index.ts';
import type { IntercomApp } from './intercom/app.ts';
import { createIntercom } from './intercom/index.ts';

export interface PlatformSettings {
  publicUrl: string;
  intercom?: IntercomApp;
  hubspot?: Omit<HubspotOptions, 'redirectUri' | 'customChannels' | 'channelOf' | 'webhookUrl'>;
}

export interface PlatformStore {
  settings: { get(key: string): Promise<string | undefined>; set(key: string, value: string): Promise<void> };
  connections: {
    channelByAccount(workspaceId: string, accountId: string): Promise<{ id: string } | undefined>;
  };
  hubspotSecret: string;
}

export interface Platforms {
  all: AnyPlatformAdapter[];
  intercom?: AnyPlatformAdapter;
  hubspot?: HubspotAdapter;
}

export function createPlatforms(
  { publicUrl, intercom, hubspot }: PlatformSettings,
  store: PlatformStore,
): Platforms {
  const { settings, connections, hubspotSecret } = store;
  const made = {
    ...(intercom ? { intercom: createIntercom(intercom) } : {}),
    ...(hubspot
      ? {
          hubspot: createHubspot({
            ...hubspot,
            redirectUri: `${publicUrl}/hubspot/oauth/callback`,
            webhookUrl: `${publicUrl}/hubspot/channels/webhook/${hubspotSecret}`,
            channelOf: (workspaceId, accountId) => connections.channelByAccount(workspaceId, accountId),
            customChannels: {
              get: (medium) => settings.get(`hubspot channel ${medium}`),
              set: (medium, id) => settings.set(`hubspot channel ${medium}`, id),
            },
          }),
        }
      : {}),
  };
  return { ...made, all: Object.values(made) };
}
