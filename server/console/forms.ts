/** Forms that work without a script, with what is wrong said at the field. */
import { FORM_TOKEN } from './form-token.ts';
import { attributes, type Content, type Html, html, NOTHING } from './html.ts';

export interface Field {
  name: string;
  label: string;
  hint?: Content;
  type?: 'text' | 'password' | 'email' | 'search';
  options?: { value: string; label: string }[];
  value?: string | undefined;
  required?: boolean;
  /** Neither required nor called optional: a filter. */
  filters?: boolean;
  autocomplete?: string;
  minlength?: number;
  maxlength?: number;
  autofocus?: boolean;
  /** What is wrong with what was sent. */
  error?: string | undefined;
  /** Tells apart fields of the same name in several forms of a page. */
  key?: string;
}

export const field = (one: Field): Html => {
  const id = idOf(one.key ? `${one.name}-${one.key}` : one.name);
  const described = [one.hint && `${id}-hint`, one.error && `${id}-error`].filter(Boolean).join(' ');
  const common = {
    id,
    name: one.name,
    required: one.required,
    'aria-describedby': described || undefined,
    'aria-invalid': one.error ? 'true' : undefined,
    autofocus: one.autofocus || one.error !== undefined || undefined,
  };
  return html`<div class="field"><label for="${id}">${one.label}${one.required || one.filters ? NOTHING : html` <span class="soft">(optional)</span>`}</label>${
    one.hint ? html`<p class="hint" id="${id}-hint">${one.hint}</p>` : NOTHING
  }${one.error ? html`<p class="field-error" id="${id}-error">${one.error}</p>` : NOTHING}${control(one, common)}</div>`;
};

function control(one: Field, common: Parameters<typeof attributes>[0]): Html {
  if (one.options)
    return html`<select${attributes(common)}>${one.options.map(
      ({ value, label }) =>
        html`<option${attributes({ value, selected: value === (one.value ?? '') })}>${label}</option>`,
    )}</select>`;
  return html`<input${attributes({
    ...common,
    type: one.type ?? 'text',
    value: one.value,
    autocomplete: one.autocomplete ?? 'off',
    minlength: one.minlength,
    maxlength: one.maxlength,
    spellcheck: 'false',
  })}>`;
}

const idOf = (name: string): string => `f-${name.replace(/[^a-zA-Z0-9]+/g, '-')}`;

interface Checkbox {
  name: string;
  value: string;
  label: Content;
  hint?: Content;
  checked?: boolean;
  /** Tells apart boxes of the same name and value in several forms of a page. */
  key?: string;
}
export const checkbox = (one: Checkbox): Html => {
  const id = idOf(`${one.name}-${one.value}-${one.key ?? ''}`);
  return html`<div class="check"><input${attributes({
    type: 'checkbox',
    id,
    name: one.name,
    value: one.value,
    checked: one.checked,
    'aria-describedby': one.hint ? `${id}-hint` : undefined,
  })}><label for="${id}">${one.label}</label>${one.hint ? html`<p class="hint" id="${id}-hint">${one.hint}</p>` : NOTHING}</div>`;
};

export const group = (legend: Content, body: Content, hint?: Content): Html =>
  html`<fieldset><legend>${legend}</legend>${hint ? html`<p class="hint">${hint}</p>` : NOTHING}${body}</fieldset>`;

export const submit = (
  text: Content,
  kind: 'primary' | 'plain' | 'danger' = 'primary',
  more: { name?: string; value?: string } = {},
): Html => html`<button class="button ${kind}"${attributes({ type: 'submit', ...more })}>${text}</button>`;

export const form = (action: string, body: Content, more: { className?: string; id?: string } = {}): Html =>
  html`<form method="post"${attributes({ action, class: more.className, id: more.id })}>${FORM_TOKEN}${body}</form>`;

/** One button that does something: a form, because links must not change anything. */
export const actionButton = (
  action: string,
  text: Content,
  kind: 'primary' | 'plain' | 'danger' = 'plain',
  hidden: Record<string, string> = {},
): Html =>
  form(
    action,
    html`${Object.entries(hidden).map(([name, value]) => html`<input type="hidden"${attributes({ name, value })}>`)}${submit(text, kind)}`,
    { className: 'inline' },
  );
