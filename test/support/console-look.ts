/** One look at a page of the console: everything that a machine can find wrong with it, in both colour schemes. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export interface Form {
  method: 'get' | 'post';
  /** Where it goes, as the page says. */
  action: string;
  /** Names of what can be typed into. */
  text: string[];
}
export interface Look {
  /** Violations, by colour scheme. */
  light: string[];
  dark: string[];
  /** What is wider than the screen, by the screen's width. */
  wide: string[];
  /** Scripts, styles and handlers in the markup. */
  inline: number;
  /** Ids that stand on the page more than once: a label would name the wrong field. */
  doubled: string[];
  headings: string[];
  title: string;
  links: string[];
  forms: Form[];
}

const WIDTHS = [375, 768, 1280];
interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}
/**
 * Words on a gradient or a picture count as wrong, too: axe leaves them out, so nobody has seen that they can be read.
 * Typed as text: the tests' own TypeScript knows no document.
 */
const axeWith = (
  options: string,
): string => `axe.run(document, { resultTypes: ['violations', 'incomplete']${options} }).then(({ violations, incomplete }) => {
  const untold = (node) => node.any.some(({ data }) => ['bgGradient', 'bgImage'].includes(data?.messageKey));
  return [...violations, ...incomplete.map((one) => ({ ...one, nodes: one.nodes.filter(untold) }))];
})`;
const OPEN = "for (const one of document.querySelectorAll('main details')) one.open = true";
const INLINE =
  "[...document.querySelectorAll('*')].filter((one) => one.hasAttribute('style') || one.localName === 'style' || (one.localName === 'script' && !one.src) || [...one.attributes].some(({ name }) => name.startsWith('on'))).length";
const DOUBLED =
  "[...document.querySelectorAll('[id]')].map((one) => one.id).filter((id, index, all) => all.indexOf(id) !== index)";
const LINKS = "[...document.querySelectorAll('a[href]')].map((one) => one.href)";
const FORMS = `[...document.forms].map((form) => ({
  method: form.method,
  action: new URL(form.getAttribute('action') ?? '', location.href).pathname,
  text: [...form.elements].filter((one) => one.localName === 'input' && ['text', 'email', 'password', 'search'].includes(one.type)).map((one) => one.name),
}))`;

/** In the other colour scheme only colours can be wrong that were right in the first. */
const COLOURS = ", preload: false, runOnly: ['color-contrast', 'link-in-text-block']";

export async function violations(page: Page, only = ''): Promise<string[]> {
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe.source);
  const found = (await page.evaluate(axeWith(only))) as Violation[];
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

/** With everything opened that can be: what is closed is part of it. Leaves the page light and 1280 pixels wide. */
export async function look(page: Page): Promise<Look> {
  // Colours on their way from one scheme to the other are neither.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate(OPEN);
  const wide: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const needed = Number(await page.evaluate('document.documentElement.scrollWidth'));
    if (needed > width) wide.push(`${needed} on a screen of ${width}`);
  }
  const light = await violations(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await violations(page, COLOURS);
  await page.emulateMedia({ colorScheme: 'light' });
  const [inline, doubled, headings, title, links, forms] = await Promise.all([
    page.evaluate(INLINE) as Promise<number>,
    page.evaluate(DOUBLED) as Promise<string[]>,
    page.getByRole('heading', { level: 1 }).allTextContents(),
    page.title(),
    page.evaluate(LINKS) as Promise<string[]>,
    page.evaluate(FORMS) as Promise<Form[]>,
  ]);
  return { light, dark, wide, inline, doubled, headings, title, links, forms };
}
