/**
 * The whole bridge as a newcomer sees it: `npm start`, a browser, and on every route a text and a picture in, a text and
 * a picture out, what the card says of them, and an answer that fails, with its reason and a Resend that resends.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PhoneApp, PlatformId } from '../../playground/page/api.ts';
import { samplePng } from '../../playground/providers/samples.ts';
import { launchChromium } from '../support/chromium.ts';
import { type RunningPlayground, startPlayground } from '../support/playground.ts';
import { Stage } from '../support/stage.ts';

let playground: RunningPlayground;
let chromium: Awaited<ReturnType<typeof launchChromium>>;
let stage: Stage;

beforeAll(async () => {
  [playground, chromium] = await Promise.all([startPlayground(), launchChromium()]);
  stage = new Stage(await chromium.browser.newPage({ viewport: { width: 1440, height: 900 } }));
  await stage.open(playground.origin);
});
afterAll(async () => {
  await chromium.close();
  expect(await playground.stop()).toBe(0);
});
afterEach(() => expect(stage.troubles.splice(0)).toEqual([]));

interface Route {
  platform: PlatformId;
  app: PhoneApp;
  /** What the card says of an answer once the customer has it on their screen, as far as the channel can know. */
  arrived: RegExp;
  /** Why an answer fails when the phone's switch is on, in the words that the agent reads. */
  because: RegExp;
}
const apps: Omit<Route, 'platform'>[] = [
  { app: 'telegram', arrived: /Sent/, because: /blocked/i },
  { app: 'whatsapp', arrived: /Read/, because: /24 hours|window/i },
  { app: 'sms', arrived: /Delivered/, because: /switched off|unreachable|reach/i },
];
const routes: Route[] = apps.flatMap((one) => [
  { ...one, platform: 'intercom' as const },
  { ...one, platform: 'hubspot' as const },
]);

describe.each(routes)('$app and $platform', ({ app, platform, arrived, because }) => {
  const name = `${app} ${platform}`;
  // A size of its own, so that no other route's picture can stand for it.
  const place = routes.findIndex((one) => one.app === app && one.platform === platform);
  const picture = (side: string, width: number) => ({
    name: `${side}.png`,
    bytes: samplePng(width, 48 + place, [38, 122 + 10 * place, 204]),
  });

  const cardSays = async (words: string) => {
    await stage.refreshCard(platform);
    return stage.cardSays(platform, words);
  };

  test('a text and a picture come in', async () => {
    await stage.turnTo(platform, app);
    await stage.customerWrites(`Is this the right part? ${name}`);
    await stage.inInbox(`Is this the right part? ${name}`).waitFor();
    const photo = picture('part', 70);
    await stage.customerWrites(`It looks like this ${name}`, photo);
    const arrivedPicture = stage.at('inbox-message').filter({ has: stage.at('picture') });
    await arrivedPicture.first().waitFor();
    expect((await stage.pictureIn(arrivedPicture)).equals(photo.bytes)).toBe(true);
    await stage.inInbox(`It looks like this ${name}`).waitFor();
    await stage.eventually(() => cardSays('Is this the right part?'), /Received/);
  });

  test('a text and a picture go out, and the card follows them', async () => {
    await stage.agentWrites(`Yes, it is. ${name}`);
    await stage.onPhone(`Yes, it is. ${name}`).waitFor();
    const photo = picture('manual', 90);
    await stage.agentWrites(`Here is how ${name}`, photo);
    const arrivedPicture = stage.page
      .locator('[data-testid="phone-message"][data-from="business"]')
      .filter({ has: stage.at('picture') });
    await arrivedPicture.first().waitFor();
    expect((await stage.pictureIn(arrivedPicture)).equals(photo.bytes)).toBe(true);
    await stage.onPhone(`Here is how ${name}`).waitFor();
    await stage.eventually(() => cardSays('Yes, it is.'), arrived);
  });

  test('an answer that fails says why, and Resend sends it', async () => {
    const words = `Please try this ${name}`;
    await stage.turn('phone-obstacle', true);
    await stage.agentWrites(words);
    await stage.eventually(() => cardSays('Please try this'), /failed|not delivered/i);
    if (platform === 'hubspot')
      await stage.eventually(() => stage.inInbox(words).getByTestId('inbox-status').textContent(), because);
    else await stage.page.locator('[data-kind="note"]').filter({ hasText: because }).waitFor();
    expect(await stage.onPhone(words).count()).toBe(0);

    await stage.turn('phone-obstacle', false);
    await stage.resend(platform, 'Please try this');
    await stage.onPhone(words).waitFor();
    await stage.eventually(() => cardSays('Please try this'), arrived);
    expect(await stage.onPhone(words).count()).toBe(1);
  });
});
