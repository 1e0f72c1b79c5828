/** The playground's page, in the words of somebody who stands before it. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { PhoneApp, PlatformId } from '../../playground/page/api.ts';

/** Long enough for a busy machine with two cores. */
const PATIENCE = { timeout: 20_000, interval: 100 };

export interface Picture {
  name: string;
  bytes: Buffer;
}

export class Stage {
  readonly page: Page;
  /** What the page complained of. */
  readonly troubles: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE.timeout);
    page.on('pageerror', (error) => this.troubles.push(error.message));
    page.on('console', (line) => line.type() === 'error' && this.troubles.push(line.text()));
  }

  at(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  async open(origin: string): Promise<void> {
    await this.page.goto(`${origin}/playground`);
    await this.at('phone').waitFor();
  }

  /** Turns to one customer's conversation, on both sides. */
  async turnTo(platform: PlatformId, app: PhoneApp): Promise<void> {
    await this.at(`platform-${platform}`).click();
    await this.at(`phone-app-${app}`).click();
  }

  async customerWrites(text: string, picture?: Picture): Promise<void> {
    await this.#write('phone', text, picture);
  }
  async agentWrites(text: string, picture?: Picture): Promise<void> {
    await this.#write('inbox', text, picture);
  }
  async #write(side: 'phone' | 'inbox', text: string, picture: Picture | undefined): Promise<void> {
    await this.at(`${side}-input`).fill(text);
    if (picture)
      await this.at(`${side}-attach`).setInputFiles({
        name: picture.name,
        mimeType: 'image/png',
        buffer: picture.bytes,
      });
    if (picture) await this.page.getByRole('img', { name: picture.name }).first().waitFor();
    await this.at(`${side}-send`).click();
  }

  /** A message in the open conversation of the inbox. */
  inInbox(text: string): Locator {
    return this.at('inbox-message').filter({ hasText: text });
  }
  onPhone(text: string): Locator {
    return this.at('phone-message').filter({ hasText: text });
  }
  inLedger(text: string): Locator {
    return this.at('ledger-row').filter({ hasText: text });
  }

  /** The picture that stands in the last message there, as its bytes. */
  async pictureIn(messages: Locator): Promise<Buffer> {
    const image = messages.locator('img[data-testid="picture"]').last();
    await image.waitFor();
    const drawn = () =>
      image.evaluate((image: unknown) => (image as { naturalWidth: number }).naturalWidth > 0);
    await expect.poll(drawn, PATIENCE).toBe(true);
    const url = new URL((await image.getAttribute('src')) ?? '', this.page.url());
    return (await this.page.request.get(url.href)).body();
  }

  /** What the card beside the conversation says of the message with these words. */
  async cardSays(platform: PlatformId, text: string): Promise<string> {
    const message =
      platform === 'intercom'
        ? this.at('intercom-card').locator('.ck-item, .ck-list li')
        : this.at('hubspot-card').locator('tr, [data-testid^="trouble-"]');
    const words = await message.filter({ hasText: text }).first().textContent({ timeout: 200 });
    return words ?? '';
  }

  /** As an agent who does not wait for the card to look again by itself. */
  async refreshCard(platform: PlatformId): Promise<void> {
    if (platform === 'hubspot') await this.at('hubspot-card').getByTestId('refresh').click({ timeout: 300 });
  }

  /** Turns a switch by its label, as a finger would, and waits until the page says so. */
  async turn(testId: string, on: boolean): Promise<void> {
    const lever = this.at(testId);
    if ((await lever.isChecked()) !== on) await this.page.locator('label', { has: lever }).click();
    await expect.poll(() => lever.isChecked(), PATIENCE).toBe(on);
  }

  /** Presses Resend beside the message with these words. */
  async resend(platform: PlatformId, text: string): Promise<void> {
    if (platform === 'hubspot') {
      const trouble = this.page.locator('[data-testid^="trouble-"]').filter({ hasText: text });
      await trouble.locator('[data-testid^="resend-"]').click();
      await this.at('toast').getByText('on its way again').waitFor();
      return;
    }
    // Failed ones come first, the newest before the others, each with its button behind it.
    const card = this.at('intercom-card');
    await card.locator('.ck-list').filter({ hasText: text }).first().waitFor();
    await card.locator('.ck-list').filter({ hasText: text }).first().locator('+ .ck-button').click();
    await card.getByText('on its way').waitFor();
    await this.at('card-reload').click();
  }

  async eventually(look: () => Promise<unknown> | unknown, wanted: unknown): Promise<void> {
    const quiet = async () => await Promise.resolve(look()).catch((error: unknown) => String(error));
    const poll = expect.poll(quiet, PATIENCE);
    await (wanted instanceof RegExp ? poll.toMatch(wanted) : poll.toEqual(wanted));
  }
}
