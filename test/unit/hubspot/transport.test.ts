import { describe, expect, test } from 'vitest';
import type { Io } from '../../../server/core/adapter.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { hubspotApi } from '../../../server/platforms/hubspot/transport.ts';
import { scriptedHttp } from '../../support/scripted-http.ts';

const call = (status: number) => {
  const http = scriptedHttp().queue('POST https://api.hubapi.com/x', { status, json: { a: 1 } });
  const io = { http, clock: { now: () => 0 }, log: console } as unknown as Io;
  return hubspotApi('https://api.hubapi.com', io)({ method: 'POST', path: '/x', json: {} });
};

describe('a call to HubSpot', () => {
  test('that is led elsewhere is no answer, and only the redirects that say so were certainly not done', async () => {
    for (const [status, notSent] of [
      [301, false],
      [303, false],
      [307, true],
      [308, true],
    ] as const) {
      const error = await call(status).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WireError);
      expect([status, (error as WireError).notSent]).toEqual([status, notSent]);
    }
  });

  test('answers for every other status', async () => {
    for (const status of [200, 304, 409, 503])
      expect(await call(status)).toMatchObject({ status, json: { a: 1 } });
  });
});
