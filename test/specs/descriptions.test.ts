import { describe, expect, test } from 'vitest';
import { call, multipart, TOKEN } from './recorded-call.ts';
import { bot, RIGHT, WRONG } from './sample-calls.ts';
import { createValidator } from './validator/index.ts';

const folder = process.env.API_SPECS_DIR;
// As in calls.test.ts: without the descriptions there is nothing to test.
describe.skipIf(!folder)('the official descriptions', () => {
  const check = createValidator(folder ?? '');
  test.each(RIGHT)('%s passes', async (_name, one) => {
    expect(await check(one)).toEqual({ operation: expect.any(String), violations: [] });
  });

  test('files pass in multipart', async () => {
    const file = new Blob(['bytes'], { type: 'image/png' });
    const uploads = [
      await multipart('meta', '/v25.0/100000000000001/media', {
        messaging_product: 'whatsapp',
        type: 'image/png',
        file,
      }),
      await multipart('hubspot', '/files/2026-09/files', { file, options: '{}', folderPath: '/x' }),
      await multipart('telegram', `${bot}/sendPhoto`, { chat_id: '7', photo: file, caption: 'c' }),
      await multipart('telegram', `${bot}/sendMediaGroup`, {
        chat_id: '7',
        media: JSON.stringify([{ type: 'photo', media: 'attach://a' }]),
        a: file,
      }),
    ];
    for (const one of uploads) expect((await check(one)).violations).toEqual([]);
    const wrong = [
      await multipart('meta', '/v25.0/100000000000001/media', { messaging_product: 'whatsapp' }),
      await multipart('hubspot', '/files/2026-09/files', { file, folder: '/x' }),
      await multipart('telegram', `${bot}/sendPhoto`, { chat_id: '7', picture: file }),
      await multipart('telegram', `${bot}/sendMediaGroup`, {
        chat_id: '7',
        media: '[{"type":"photo","medium":"x"}]',
      }),
    ];
    for (const one of wrong) expect((await check(one)).violations).not.toEqual([]);
  });

  test.each(WRONG)('%s of %s is found (%s %s)', async (_name, api, method, path, more, words) => {
    const { violations } = await check(call(api, method, path, more));
    expect(violations.join()).toContain(words);
    expect(violations.join()).not.toMatch(new RegExp(`${TOKEN}|AAInvented`));
  });
});
