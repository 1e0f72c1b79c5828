import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import type { Canvas, CanvasComponent } from '../../../playground/page/canvas.ts';
import { CanvasCard } from '../../../playground/page/inbox/Canvas.tsx';

const option = (id: string) => ({ type: 'option' as const, id, text: `Option ${id}` });
const submit = { type: 'submit' } as const;

/** One of each kind of Canvas Kit, with a word that must be seen. */
const KINDS: { [Type in CanvasComponent['type']]: { component: CanvasComponent; shows: string } } = {
  text: { component: { type: 'text', text: 'A text' }, shows: 'A text' },
  button: { component: { type: 'button', id: 'b', label: 'A button', action: submit }, shows: 'A button' },
  input: { component: { type: 'input', id: 'i', label: 'An input', value: 'typed' }, shows: 'value="typed"' },
  textarea: {
    component: { type: 'textarea', id: 't', label: 'A box', value: 'lines' },
    shows: '>lines</textarea>',
  },
  dropdown: {
    component: { type: 'dropdown', id: 'd', options: [option('a'), option('b')], value: 'b' },
    shows: '<option value="b" selected=""',
  },
  'single-select': {
    component: { type: 'single-select', id: 's', options: [option('a')], value: 'a' },
    shows: 'aria-pressed="true"',
  },
  checkbox: {
    component: { type: 'checkbox', id: 'c', label: 'Boxes', options: [option('a')], value: ['a'] },
    shows: 'checked=""',
  },
  list: {
    component: { type: 'list', items: [{ type: 'item', id: 'l', title: 'A title', subtitle: 'Below' }] },
    shows: 'Below',
  },
  'data-table': {
    component: { type: 'data-table', items: [{ type: 'field-value', field: 'Window', value: '3 h' }] },
    shows: '3 h',
  },
  image: {
    component: { type: 'image', url: 'https://x.test/a.png', width: 10, height: 10 },
    shows: 'https://x.test/a.png',
  },
  divider: { component: { type: 'divider' }, shows: '<hr/>' },
  spacer: { component: { type: 'spacer', size: 'm' }, shows: 'ck-m' },
};

const drawn = (...components: CanvasComponent[]) => {
  const canvas: Canvas = { content: { components } };
  return renderToStaticMarkup(<CanvasCard canvas={canvas} busy={false} onSubmit={() => {}} />);
};

describe('a canvas', () => {
  test.each(Object.entries(KINDS))('draws %s', (_, { component, shows }) => {
    const html = drawn(component);
    expect(html).toContain(shows);
    expect(html).not.toContain('Intercom has no component');
  });

  test('says so when a component is of a kind that Intercom does not have', () => {
    expect(drawn({ type: 'iframe' } as unknown as CanvasComponent)).toContain(
      'Intercom has no component “iframe”',
    );
  });

  test("reads the checkbox's options under either of the names that Intercom's documents use", () => {
    expect(drawn({ type: 'checkbox', id: 'c', label: 'Boxes', option: [option('z')] })).toContain('Option z');
  });

  test('knows bold and links and nothing else of Markdown, and no other address than http', () => {
    const html = drawn({
      type: 'text',
      text: '**Why** [here](https://x.test/a) [no](javascript:alert(1)) <b>',
    });
    expect(html).toContain('<b>Why</b>');
    expect(html).toContain('<a href="https://x.test/a"');
    expect(html).not.toContain('href="javascript');
    expect(html).toContain('&lt;b&gt;');
  });
});
