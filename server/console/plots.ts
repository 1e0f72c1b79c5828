/**
 * Plots as SVG, drawn on the server: no script, no inline style, colours from the stylesheet. Each says in words what
 * it shows, and carries its figures as a table for whoever reads rather than looks.
 */
import { type Content, type Html, html, NOTHING } from './html.ts';
import { digits } from './words.ts';

interface Series {
  /** The class that colours it. */
  key: 'in' | 'out' | 'failed';
  name: string;
}
export interface BarPlot {
  id: string;
  title: string;
  /** What is to be seen, in a sentence. */
  says: string;
  series: Series[];
  /** `short` stands below the bar, as far as there is room; `name` in the table. */
  bars: { name: string; short?: string; values: number[] }[];
  /** What the first column of the table holds. */
  of: string;
}

const WIDTH = 420;
const HEIGHT = 210;
const LEFT = 36;
const BOTTOM = 26;
const TOP = 10;

/** Upright bars on a common scale, the series of one bar stacked. */
export function columns(plot: BarPlot): Html {
  const top = niceTop(Math.max(...plot.bars.map((bar) => sum(bar.values)), 1));
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const step = (WIDTH - LEFT) / Math.max(1, plot.bars.length);
  const width = Math.min(46, step * 0.7);
  const every = Math.ceil(plot.bars.length / 7);
  const bars = plot.bars.map((bar, index) => {
    const x = LEFT + step * index + (step - width) / 2;
    const label =
      index % every === 0
        ? html`<text x="${round(x + width / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${bar.short ?? bar.name}</text>`
        : NOTHING;
    return html`${stack(plot, bar.values, (from, to, key) => html`<rect class="${key}" x="${round(x)}" y="${round(y(to))}" width="${round(width)}" height="${round(Math.max(y(from) - y(to), 1))}" rx="2"/>`)}${label}`;
  });
  const lines = [0, top / 2, top].map(
    (value) =>
      html`<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${round(y(value))}" y2="${round(y(value))}"/><text x="${LEFT - 8}" y="${round(y(value) + 4)}" text-anchor="end">${digits(value)}</text>`,
  );
  return figure(plot, svg(plot, html`${lines}${bars}`));
}

/** Lying bars with their names above, for names that are long: these are text of the page, so that they wrap. */
export function rows(plot: BarPlot): Html {
  const top = Math.max(...plot.bars.map((bar) => sum(bar.values)), 1);
  const bars = plot.bars.map(
    (bar) =>
      html`<li><p><span>${bar.name}</span><strong>${digits(sum(bar.values))}</strong></p><svg viewBox="0 0 ${WIDTH} 12" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="${WIDTH}" height="12"/>${stack(
        plot,
        bar.values,
        (from, to, key) =>
          html`<rect class="${key}" x="${round((from / top) * WIDTH)}" width="${round(Math.max(((to - from) / top) * WIDTH, 1))}" height="12"/>`,
      )}</svg></li>`,
  );
  return figure(plot, html`<ul class="bars" aria-label="${plot.title}">${bars}</ul>`);
}

function stack(
  plot: BarPlot,
  values: number[],
  draw: (from: number, to: number, key: string) => Html,
): Html[] {
  let from = 0;
  return plot.series.flatMap(({ key }, index) => {
    const value = values[index] ?? 0;
    if (value === 0) return [];
    const drawn = draw(from, from + value, key);
    from += value;
    return [drawn];
  });
}

const svg = ({ id, title, says }: BarPlot, body: Content): Html =>
  html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-says"><title id="${id}-title">${title}</title><desc id="${id}-says">${says}</desc>${body}</svg>`;

const figure = (plot: BarPlot, drawing: Html): Html =>
  html`<figure class="plot">${plot.series.length > 1 ? legend(plot.series) : NOTHING}${drawing}<figcaption class="soft small-text">${plot.says}</figcaption><details class="figures-box"><summary>The figures</summary>${figures(plot)}</details></figure>`;

const legend = (series: Series[]): Html =>
  html`<ul class="legend" aria-hidden="true">${series.map(({ key, name }) => html`<li><span class="key ${key}"></span>${name}</li>`)}</ul>`;

const figures = ({ title, of, series, bars }: BarPlot): Html =>
  html`<table class="figures"><caption class="unseen">${title}</caption><thead><tr><th scope="col">${of}</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${bars.map(
    (bar) =>
      html`<tr><th scope="row">${bar.name}</th>${bar.values.map((value) => html`<td>${digits(value)}</td>`)}</tr>`,
  )}</tbody></table>`;

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const round = (value: number): number => Math.round(value * 10) / 10;

/** 1, 2 or 5 times a power of ten, at least 2: halves stay whole numbers from there. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const top = [1, 2, 5, 10].map((step) => step * power).find((one) => one >= value) ?? value;
  return Math.max(2, top === 5 ? 6 : top);
}
