/** The HubSpot adapter over the wire: what unit tests take for granted about accounts and channels is checked here. */
import { describe, expect, it } from 'vitest';
import type { HubspotCredentials } from '../../server/platforms/hubspot/index.ts';
import { connection } from '../unit/hubspot/given.ts';
import {
  adapter,
  attached,
  deliver,
  emulator,
  hubspotFor,
  installed,
  io,
  later,
  logged,
  PORTAL,
  product,
  REDIRECT,
  whatsapp,
} from './hubspot-world.ts';

describe('HubSpot over the wire: the account', () => {
  it('is installed by the consent page’s own way back', async () => {
    emulator.consent = { portalId: PORTAL, decision: 'approve' };
    const response = await fetch(adapter.authorizeUrl('st-1'), { redirect: 'manual' });
    const back = new URL(response.headers.get('location') ?? '');
    expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([REDIRECT, 'st-1']);
    const code = back.searchParams.get('code') ?? '';
    expect(await adapter.install(code, io)).toMatchObject({
      externalId: String(PORTAL),
      name: `Portal ID #${PORTAL} (tulip-bikes.example)`,
      settings: { hub_domain: 'tulip-bikes.example', ui_domain: 'app.hubspot.com' },
      installer: {
        provider: 'hubspot',
        subject: '330044',
        email: 'mara@tulip.example',
        emailVerified: false,
      },
    });
    expect(await adapter.install(code, io)).toEqual({ refused: expect.stringContaining('already used') });
  });

  it('keeps working past the life of a token, with a refresh token that changes', async () => {
    const first = connection(await installed());
    later(26 * 60_000);
    const second = (await adapter.refresh?.(first, io)) as HubspotCredentials;
    expect(second.refresh_token).not.toBe(first.credentials.refresh_token);
    later(30 * 60_000);
    expect(await adapter.refresh?.(connection(second), io)).toMatchObject({
      access_token: expect.any(String),
    });
  });

  it('is disconnected when the app was uninstalled or its access revoked', async () => {
    const portal = connection(await installed());
    emulator.uninstall(PORTAL);
    later(26 * 60_000);
    expect(await adapter.refresh?.(portal, io)).toMatchObject({ outcome: 'unauthorized' });
  });

  it('notices a token that died early, and what that means', async () => {
    const world = await attached();
    emulator.revoke(PORTAL);
    expect(await deliver(world, { conversation: { ...world.link, contactId: '1' } })).toMatchObject({
      outcome: 'retry',
    });
    expect(await adapter.refresh?.(world.portal, io)).toMatchObject({ outcome: 'unauthorized' });
  });

  it('can be uninstalled from our side', async () => {
    const portal = connection(await installed());
    await adapter.uninstall(portal, io);
    expect(emulator.portal(PORTAL).installed).toBe(false);
    expect(logged).toEqual([]);
  });
});

describe('HubSpot over the wire: channels', () => {
  it('are registered once, however often it is asked', async () => {
    const first = await adapter.registerChannels(io);
    expect(await adapter.registerChannels(io)).toEqual(first);
    const another = hubspotFor(emulator, product);
    expect(await another.registerChannels(io)).toEqual(first);
    expect(emulator.world.channels.size).toBe(3);
    expect(emulator.calls.filter((call) => call.method === 'PATCH')).toEqual([]);
  });

  it('get one account each, which comes back after it was switched off', async () => {
    const { portal } = await attached();
    const again = await adapter.attachChannel?.(portal, whatsapp(), io);
    if (!again?.ok) throw new Error(again?.why);
    await adapter.detachChannel?.(portal, whatsapp(again.settings), io);
    expect([...emulator.portal(PORTAL).accounts.values()]).toMatchObject([{ authorized: false }]);
    expect(await adapter.attachChannel?.(portal, whatsapp(), io)).toEqual(again);
    expect([...emulator.portal(PORTAL).accounts.values()]).toMatchObject([
      { authorized: true, inboxId: '310' },
    ]);
  });

  it('are refused in words where the inbox is foreign or the plan too small', async () => {
    const portal = connection(await installed());
    expect(await adapter.attachChannel?.(portal, whatsapp({ inbox_id: '1' }), io)).toMatchObject({
      ok: false,
      why: expect.stringContaining('310 (Service)'),
    });
    emulator.portal(PORTAL).tier = 'starter';
    expect(await adapter.attachChannel?.(portal, whatsapp(), io)).toMatchObject({
      ok: false,
      why: expect.stringContaining('Professional or higher'),
    });
  });
});
