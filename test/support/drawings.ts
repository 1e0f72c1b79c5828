/** Pictures that customers and agents send in the screenshots, drawn here so that none is somebody's. */
import type { Browser } from 'playwright-core';
import type { Picture } from './stage.ts';

const parcel = `<rect width="640" height="420" fill="#d9c9b3"/><rect y="300" width="640" height="120" fill="#b99f80"/>
  <g transform="translate(170 96) rotate(-4 150 130)"><path d="M0 60 150 0l150 60-150 64z" fill="#c98f52"/>
  <path d="M0 60v150l150 70V124z" fill="#b47a3f"/><path d="M300 60v150l-150 70V124z" fill="#9c6631"/>
  <path d="M128 9 282 72v46l-30-18V84L104 19z" fill="#e9d9a8" opacity=".9"/>
  <path d="m26 96 84 38v58l-84-38z" fill="#fdfaf3"/><path d="m38 116 60 27m-60-11 60 27m-60-11 40 18" stroke="#4a4238" stroke-width="5"/>
  <path d="m206 150 26 34-12 30 34 20-20-52 22-22z" fill="#5b3818"/></g>`;

const plan = `<rect width="640" height="420" fill="#f6f8fc"/><g fill="none" stroke="#40506e" stroke-width="7">
  <path d="M60 50h520v320H60z"/><path d="M360 50v130m0 80v110M60 220h110m90 0h100"/></g>
  <g fill="#dfe8fb" stroke="#6f86b8" stroke-width="4"><rect x="120" y="88" width="170" height="70" rx="10"/>
  <rect x="120" y="280" width="170" height="56" rx="10"/><rect x="424" y="112" width="96" height="200" rx="14"/></g>
  <g fill="#5d7fd6">${[140, 190, 240].map((x) => `<circle cx="${x + 16}" cy="74" r="11"/><circle cx="${x + 16}" cy="174" r="11"/>`).join('')}
  ${[140, 185, 230, 275].map((y) => `<circle cx="404" cy="${y}" r="11"/><circle cx="540" cy="${y}" r="11"/>`).join('')}</g>`;

/** The damaged parcel, and a floor plan with twelve chairs and more. */
export async function draw(browser: Browser): Promise<{ parcel: Picture; plan: Picture }> {
  const page = await browser.newPage({ viewport: { width: 640, height: 420 } });
  const picture = async (name: string, drawing: string): Promise<Picture> => {
    await page.setContent(
      `<body style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" width="640" height="420">${drawing}</svg>`,
    );
    return { name, bytes: await page.screenshot() };
  };
  const drawn = { parcel: await picture('parcel.png', parcel), plan: await picture('office.png', plan) };
  await page.close();
  return drawn;
}
