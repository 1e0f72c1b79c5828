/** Markup from template literals: every value is escaped unless it was made here. */

export interface Html {
  readonly markup: string;
}
export type Content = Html | string | number | false | null | undefined | Content[];

/** ``html`<p>${text}</p>` ``: strings are escaped (also inside quoted attributes), lists joined, nothing for `false`. */
export const html = (strings: TemplateStringsArray, ...values: Content[]): Html => ({
  markup: strings.reduce((text, string, index) => text + markupOf(values[index - 1]) + string),
});

function markupOf(value: Content): string {
  if (value === false || value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(markupOf).join('');
  return typeof value === 'object' ? value.markup : escaped(String(value));
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Attributes with a value: `undefined` and `false` leave one out, `true` writes it without a value. */
export const attributes = (values: Record<string, string | number | boolean | undefined>): Html => ({
  markup: Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => (value === true ? ` ${name}` : ` ${name}="${escaped(String(value))}"`))
    .join(''),
});

export const NOTHING: Html = { markup: '' };
