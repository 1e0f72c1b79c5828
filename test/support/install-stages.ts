/** Both platforms as an admin meets them when installing: two people of one account there, and one of another. */
import { expect, inject } from 'vitest';
import { HubspotEmulator } from '../../playground/platforms/hubspot.ts';
import { IntercomEmulator } from '../../playground/platforms/intercom.ts';
import type { AnyPlatformAdapter } from '../../server/core/adapter.ts';
import { createHubspot } from '../../server/platforms/hubspot/index.ts';
import { createIntercom } from '../../server/platforms/intercom/index.ts';

/** Someone at the platform: which account of it, and which person there. */
export interface Person {
  account: string;
  person: string;
}
export interface Stage {
  id: 'intercom' | 'hubspot';
  open(): Promise<void>;
  close(): Promise<void>;
  adapter(doorUrl: string): AnyPlatformAdapter;
  appUrl(): string;
  /** Two people of one account, and one of another. */
  owner: Person;
  stranger: Person;
  elsewhere: Person;
  /** Adds what the consent screen would ask. */
  consents(url: string, who: Person): string;
  isRedeemed(code: string): boolean;
  /** How often a code was brought to the token endpoint, whatever came of it. */
  redemptions(): number;
  succeeds(location: string, who: Person): void;
  /** A failure that the admin can read, wherever it is shown. */
  fails(response: Response): Promise<string>;
}

export function intercomStage(): Stage {
  let emulator: IntercomEmulator;
  return {
    id: 'intercom',
    open: async () => {
      emulator = await new IntercomEmulator({ recordTo: inject('callsFile') }).listen();
      const teammates = [
        { id: '501', name: 'Ada Owner', email: 'ada@acme.test' },
        { id: '502', name: 'Sam Stranger', email: 'sam@acme.test' },
      ];
      emulator.addWorkspace({ id_code: 'acme1', name: 'Acme', teammates });
      emulator.addWorkspace({
        id_code: 'other2',
        name: 'Other',
        teammates: [{ id: '601', name: 'Eve', email: 'eve@other.test' }],
      });
    },
    close: () => emulator.close(),
    adapter: (doorUrl) => {
      emulator.configureApp({ redirectUrls: [`${doorUrl}/intercom/oauth/callback`] });
      const { clientId, clientSecret } = emulator.world.app;
      return createIntercom({
        apiUrl: emulator.url,
        appUrl: emulator.url,
        clientId,
        clientSecrets: [clientSecret],
      });
    },
    appUrl: () => emulator.url,
    owner: { account: 'acme1', person: '501' },
    stranger: { account: 'acme1', person: '502' },
    elsewhere: { account: 'other2', person: '601' },
    consents: (url, who) => `${url}&consent=approve&workspace=${who.account}&teammate=${who.person}`,
    isRedeemed: (code) => emulator.world.codes.get(code)?.used === true,
    redemptions: () => emulator.calls.filter((call) => call.path === '/auth/eagle/token').length,
    succeeds: (location) => expect(location).toBe(`${emulator.url}/appstore/redirect?install_success=true`),
    fails: async (response) => {
      const location = new URL(response.headers.get('location') ?? '');
      expect(response.status).toBe(302);
      expect(location.href.startsWith(`${emulator.url}/appstore/redirect?`)).toBe(true);
      expect(location.searchParams.get('install_success')).toBe('false');
      return location.searchParams.get('error_message') ?? '';
    },
  };
}

export function hubspotStage(): Stage {
  let emulator: HubspotEmulator;
  return {
    id: 'hubspot',
    open: async () => {
      emulator = await new HubspotEmulator({ recordTo: inject('callsFile') }).listen();
      emulator.addPortal({
        id: 4_100_001,
        name: 'Acme',
        inboxes: [],
        users: [
          { id: 71, email: 'ada@acme.test', name: 'Ada Owner' },
          { id: 72, email: 'sam@acme.test', name: 'Sam Stranger' },
        ],
      });
      emulator.addPortal({
        id: 4_100_002,
        name: 'Other',
        inboxes: [],
        users: [{ id: 81, email: 'eve@other.test', name: 'Eve' }],
      });
    },
    close: () => emulator.close(),
    adapter: (doorUrl) => {
      const redirectUri = `${doorUrl}/hubspot/oauth/callback`;
      emulator.configureApp({ redirectUrls: [redirectUri] });
      const { clientId, clientSecret } = emulator.world.app;
      return createHubspot({
        apiUrl: emulator.url,
        appUrl: emulator.url,
        clientId,
        clientSecrets: [clientSecret],
        redirectUri,
        customChannels: { get: async () => undefined, set: async () => {} },
      });
    },
    appUrl: () => emulator.url,
    owner: { account: '4100001', person: '71' },
    stranger: { account: '4100001', person: '72' },
    elsewhere: { account: '4100002', person: '81' },
    consents: (url, who) => `${url}&consent=approve&portal=${who.account}&user=${who.person}`,
    isRedeemed: (code) => emulator.world.codes.get(code)?.used === true,
    redemptions: () => emulator.calls.filter((call) => /\/oauth\/[^/]+\/token$/.test(call.path)).length,
    succeeds: (location, who) =>
      expect(location).toBe(`${emulator.url}/integrations-settings/${who.account}/installed`),
    fails: async (response) => {
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      return await response.text();
    },
  };
}
