import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { draw } from '../../../intercom-canvas/index.ts';
import { canvasFaults } from '../../../playground/platforms/intercom/canvas-rules.ts';
import { card, entry, failed, reader, worst } from './world.ts';

/** Intercom's own schemas where they are at hand (`API_SPECS_DIR`), our reading of its reference elsewhere. */
function faultFinder(): (answer: unknown) => unknown[] {
  const specs = process.env.API_SPECS_DIR;
  if (!specs) return canvasFaults;
  const ajv = new Ajv({ strict: false });
  ajv.addSchema(parse(readFileSync(`${specs}/intercom/canvas-kit.yaml`, 'utf8')), 'canvas-kit');
  const validate = ajv.compile({ $ref: 'canvas-kit#/components/schemas/initialize_response' });
  return (answer) => (validate(answer) ? [] : (validate.errors ?? []));
}
const faults = faultFinder();
const view = card({ messages: [failed(), entry()] });
const lost = { kind: 'error' as const, title: 'Something went wrong.', advice: 'Try again.' };

test('every canvas fits Intercom’s schema', () => {
  const answers = [
    draw(view, { to: 'home' }, reader),
    draw(worst(), { to: 'home' }, reader),
    draw(worst(), { to: 'messages' }, reader),
    draw(view, { to: 'detail', id: 'evt_failed' }, reader),
    draw(view, { to: 'resent', id: 'evt_failed' }, reader),
    draw(view, { to: 'not_resent', why: 'No.' }, reader),
    draw(lost, { to: 'home' }, reader),
  ];
  expect(answers.flatMap(faults)).toEqual([]);
});

test('a wrong field is noticed', () => {
  const wrong = JSON.parse(
    JSON.stringify(draw(view, { to: 'home' }, reader)).replace('"secondary"', '"red"'),
  );
  expect(faults(wrong)).not.toEqual([]);
  expect(faults({ canvas: {} })).not.toEqual([]);
});
