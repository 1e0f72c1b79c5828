import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import { connectionOf, GRAPH, graphFailure, PHONE_ID, TOKEN, whatsApp } from './world.ts';

const FIND = `GET ${GRAPH}/v25.0/170?phone_number_id=${PHONE_ID}`;
const URL_OF_FILE = 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=170';
const bytes = new TextEncoder().encode('the whole file');
const digest = () => createHash('sha256').update(bytes);

async function fetchFile(...answers: [string, Answer][]) {
  const io = testIo();
  for (const [call, answer] of answers) io.http.queue(call, answer);
  const file = { kind: 'image' as const, ref: '170', name: 'a.jpg' };
  return { file: await whatsApp.media?.(file, connectionOf(), io), requests: io.http.requests };
}
const found = (more: object = {}) => ({
  json: { url: URL_OF_FILE, mime_type: 'image/jpeg', id: '170', ...more },
});

async function read(file: Awaited<ReturnType<typeof fetchFile>>['file']): Promise<string> {
  if (!file || !('body' in file)) throw new Error('no file came');
  let text = '';
  for await (const chunk of file.body) text += new TextDecoder().decode(chunk);
  return text;
}

describe('a customer’s file', () => {
  test('is found by its id and downloaded with the token, from Meta’s hosts only', async () => {
    const { file, requests } = await fetchFile([FIND, found()], [`GET ${URL_OF_FILE}`, { bytes }]);
    expect(await read(file)).toBe('the whole file');
    expect(file).toMatchObject({ contentType: 'image/jpeg', name: 'a.jpg' });
    expect(requests[1]).toMatchObject({
      headers: { authorization: `Bearer ${TOKEN}` },
      hosts: ['graph.test', 'lookaside.fbsbx.com'],
    });
  });
  test.each([
    ['hex', digest().digest('hex')],
    ['hex in capitals', digest().digest('hex').toUpperCase()],
    ['base64', digest().digest('base64')],
  ])('passes when its hash fits, given as %s', async (_name, sha256) => {
    const { file } = await fetchFile([FIND, found({ sha256 })], [`GET ${URL_OF_FILE}`, { bytes }]);
    expect(await read(file)).toBe('the whole file');
  });
  test('that arrives damaged fails instead of being stored', async () => {
    const { file } = await fetchFile(
      [FIND, found({ sha256: '00'.repeat(32) })],
      [`GET ${URL_OF_FILE}`, { bytes }],
    );
    await expect(read(file)).rejects.toThrow('does not match');
  });
  test('that Meta no longer has is refused with the next step', async () => {
    for (const subcode of [33, undefined]) {
      const { file } = await fetchFile([
        FIND,
        { status: 400, json: graphFailure(100, subcode ? { subcode } : {}) },
      ]);
      expect(file).toMatchObject({ outcome: 'refused', why: expect.stringContaining('Ask the customer') });
    }
  });
  test('whose address has expired is asked for again', async () => {
    const { file } = await fetchFile([FIND, found()], [`GET ${URL_OF_FILE}`, { status: 404 }]);
    expect(file).toMatchObject({ outcome: 'retry' });
  });
  test('cannot be had with a dead token', async () => {
    const asked = await fetchFile([FIND, { status: 401, json: graphFailure(190) }]);
    expect(asked.file).toMatchObject({ outcome: 'unauthorized' });
    const downloaded = await fetchFile([FIND, found()], [`GET ${URL_OF_FILE}`, { status: 401 }]);
    expect(downloaded.file).toMatchObject({ outcome: 'unauthorized' });
  });
  test('is tried again when Meta fails', async () => {
    for (const answer of [{ status: 500, text: 'x' }, { json: {} }, { status: 400, json: graphFailure(1) }])
      expect((await fetchFile([FIND, answer])).file).toMatchObject({ outcome: 'retry' });
  });
});
