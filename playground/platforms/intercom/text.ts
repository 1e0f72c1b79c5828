/** Bodies: HTML in the inbox and in answers, plain text in what contacts write and in webhooks (2.15 and later). */
import { escapeHtml } from '../faults.ts';

/** What a contact wrote: nothing in it is markup; it comes back in paragraphs. */
export function htmlFromPlain(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${escapeHtml(paragraph).replace(/\n/g, '<br>')}</p>`)
    .join('\n');
}

/** What a teammate (or an admin reply through the API) wrote: HTML as it is, plain text in paragraphs. */
export const htmlFromTeammate = (body: string): string =>
  /<(p|br|b|strong|i|em|a|ul|ol|li|h[1-6]|div|img|code|pre)\b/i.test(body) ? body : htmlFromPlain(body);

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' };

/** `display_as=plaintext` and webhook bodies: links become `label (url)`, inline images vanish. */
export function plainFromHtml(html: string): string {
  return html
    .replace(/<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)<\/a>/gis, (_all, url: string, label: string) =>
      label === url ? url : `${label} (${url})`,
    )
    .replace(/<img\b[^>]*>/gi, '')
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<li\b[^>]*>/gi, '- ')
    .replace(/<\/(p|div|h[1-6]|li|ul|ol|pre)>\s*/gi, '\n')
    .replace(/<[^>]+>/g, '')
    .replace(/&(#39|[a-z]+);/g, (all, name: string) => ENTITIES[name] ?? all)
    .trim();
}
