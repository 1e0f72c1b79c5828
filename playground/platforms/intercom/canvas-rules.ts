/** What Intercom accepts as an inbox canvas: 12 kinds of components, their required fields, 64 KB. */

type Json = Record<string, unknown>;

const REQUIRED: Record<string, string[]> = {
  text: ['text'],
  button: ['id', 'label', 'action'],
  input: ['id'],
  textarea: ['id'],
  dropdown: ['id', 'options'],
  'single-select': ['id', 'options'],
  checkbox: ['id', 'label', 'options'],
  list: ['items'],
  'data-table': ['items'],
  image: ['url', 'width', 'height'],
  divider: [],
  spacer: [],
};
const WORDS: Record<string, Record<string, string[]>> = {
  text: { align: ['left', 'center', 'right'], style: ['header', 'paragraph', 'muted', 'error'] },
  button: { style: ['primary', 'secondary', 'link'] },
  input: { save_state: ['unsaved', 'saved', 'failed'] },
  spacer: { size: ['xs', 's', 'm', 'l', 'xl'] },
  image: { align: ['left', 'center', 'right', 'full_width'] },
};

/** What is wrong with the answer of a canvas URL; empty = the inbox shows it. */
export function canvasFaults(answer: unknown): string[] {
  const canvas = (answer as Json | undefined)?.canvas as Json | undefined;
  const content = canvas?.content as Json | undefined;
  if (!canvas || !content || !Array.isArray(content.components))
    return ['canvas.content.components is missing'];
  const faults = content.components.flatMap((component: unknown, index) =>
    componentFaults(component, `components[${index}]`),
  );
  if (size(content) > 65_536) faults.push('content is larger than 64 KB');
  if (canvas.stored_data !== undefined && size(canvas.stored_data) > 65_536)
    faults.push('stored_data is larger than 64 KB');
  if (content.content_url !== undefined) faults.push('live canvases do not exist in the inbox');
  const ids = content.components.map((one: Json) => one.id).filter((id: unknown) => id !== undefined);
  if (new Set(ids).size !== ids.length) faults.push('two components share an id');
  return faults;
}
const size = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function componentFaults(value: unknown, at: string): string[] {
  const component = (value ?? {}) as Json;
  const type = String(component.type);
  const required = REQUIRED[type];
  if (!required) return [`${at}: there is no component "${type}"`];
  const faults = required
    .filter((field) => component[field] === undefined || component[field] === '')
    .map((field) => `${at} (${type}): ${field} is required`);
  for (const [field, allowed] of Object.entries(WORDS[type] ?? {}))
    if (component[field] !== undefined && !allowed.includes(String(component[field])))
      faults.push(`${at} (${type}): ${field} may not be "${component[field]}"`);
  faults.push(...actionFaults(component.action, at), ...partsFaults(component, type, at));
  return faults;
}

function partsFaults(component: Json, type: string, at: string): string[] {
  const inside = (component.options ?? component.items) as Json[] | undefined;
  if (inside === undefined) return [];
  if (!Array.isArray(inside)) return [`${at} (${type}): options or items must be a list`];
  if (type === 'list') return inside.flatMap((item, index) => itemFaults(item, `${at}.items[${index}]`));
  if (type === 'data-table')
    return inside.flatMap((item) =>
      item.type === 'field-value' && item.field && item.value !== undefined
        ? []
        : [`${at}: a row needs field and value`],
    );
  const counted = type === 'checkbox' ? inside.length >= 1 : inside.length >= 2 && inside.length <= 10;
  const named = inside.every((one) => one.type === 'option' && one.id && one.text);
  return [
    ...(counted ? [] : [`${at} (${type}): ${inside.length} options`]),
    ...(named ? [] : [`${at} (${type}): an option needs type, id and text`]),
  ];
}

function itemFaults(item: Json, at: string): string[] {
  const named = item.type === 'item' && item.id && item.title;
  return [...(named ? [] : [`${at}: an item needs type, id and title`]), ...actionFaults(item.action, at)];
}

/** In the inbox there are submit and URL actions only; sheets belong to the Messenger. */
function actionFaults(value: unknown, at: string): string[] {
  if (value === undefined) return [];
  const action = value as Json;
  if (action.type === 'submit') return [];
  if (action.type === 'url') return typeof action.url === 'string' ? [] : [`${at}: a url action needs a url`];
  return [`${at}: there is no action "${String(action.type)}" in the inbox`];
}
