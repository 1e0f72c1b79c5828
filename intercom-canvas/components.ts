/**
 * The card in Intercom's inbox: what it draws and what comes back when an agent clicks.
 * https://developers.intercom.com/docs/canvas-kit · design rules: https://developers.intercom.com/docs/canvas-kit/canvas-kit-inbox-best-practices
 *
 * Component ids that act (Intercom posts them to the submit URL as `component_id`):
 *
 * | id             | is                              | answer with        |
 * |----------------|---------------------------------|--------------------|
 * | `home`         | Back, Done, Refresh             | the first canvas   |
 * | `messages`     | All messages                    | the list           |
 * | `detail:<id>`  | a message in a list             | that message       |
 * | `resend:<id>`  | Resend, on a failed message     | resend it, then `resent` or `not_resent` |
 *
 * `<id>` is the message's id of the view. Buttons with a `url` action open a page and come back nowhere. Nothing is
 * kept in `stored_data`: it passes through the agent's browser.
 * Only what an inbox can show is here: no sheets, no live canvases, no inputs yet.
 */

export interface SubmitAction {
  type: 'submit';
}
interface UrlAction {
  type: 'url';
  url: string;
}
type Action = SubmitAction | UrlAction;

export interface Text {
  type: 'text';
  id?: string;
  /** Markdown: bold and links only. */
  text: string;
  style?: 'header' | 'paragraph' | 'muted' | 'error';
  align?: 'left' | 'center' | 'right';
  bottom_margin?: 'none';
}
export interface Button {
  type: 'button';
  id: string;
  label: string;
  action: Action;
  style: 'primary' | 'secondary' | 'link';
  disabled?: boolean;
}
export interface ListItem {
  type: 'item';
  id: string;
  title: string;
  subtitle?: string;
  tertiary_text?: string;
  action?: Action;
}
interface List {
  type: 'list';
  items: ListItem[];
}
export interface Row {
  type: 'field-value';
  field: string;
  value: string;
}
export interface DataTable {
  type: 'data-table';
  items: Row[];
}
export interface Divider {
  type: 'divider';
  id?: string;
  bottom_margin?: 'none';
}
interface Spacer {
  type: 'spacer';
  id?: string;
  size: 'xs' | 's' | 'm' | 'l' | 'xl';
}
export type Component = Text | Button | List | DataTable | Divider | Spacer;

/** The whole answer, always with status 200: for anything else the inbox shows an error box of its own. */
export interface CanvasAnswer {
  canvas: { content: { components: Component[] } };
}

export const canvas = (components: Component[]): CanvasAnswer => ({ canvas: { content: { components } } });

const SUBMIT: SubmitAction = { type: 'submit' };

export const header = (text: string): Text => ({ type: 'text', text, style: 'header' });
export const paragraph = (text: string): Text => ({ type: 'text', text, style: 'paragraph' });
export const muted = (text: string): Text => ({ type: 'text', text, style: 'muted', align: 'left' });
export const error = (text: string): Text => ({ type: 'text', text, style: 'error' });
export const divider = (): Divider => ({ type: 'divider' });
export const row = (field: string, value: string): Row => ({ type: 'field-value', field, value });
export const table = (items: Row[]): DataTable => ({ type: 'data-table', items });

/** Inside a flow: the one thing to do next. Reviewers refuse it on the first canvas. */
export const primary = (id: string, label: string): Button => button(id, label, 'primary', SUBMIT);
export const secondary = (id: string, label: string): Button => button(id, label, 'secondary', SUBMIT);
/** Navigation, at the bottom. */
export const link = (id: string, label: string): Button => button(id, label, 'link', SUBMIT);
export const openPage = (id: string, label: string, url: string): Button =>
  button(id, label, 'link', { type: 'url', url });

const button = (id: string, label: string, style: Button['style'], action: Action): Button => ({
  type: 'button',
  id,
  label,
  style,
  action,
});
