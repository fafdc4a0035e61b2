// Scenario 28: the graph as a picture, which opens as the same graph.

import type { Page } from '@playwright/test';
import { command, links, openFile, openSmall, savedDocument } from './editor';
import { expect, test } from './test';

async function downloaded(page: Page, name: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await command(page, name);
  const chunks: Buffer[] = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test('SVG and PNG of the graph hold the workflow; opened again they are an equal document', async ({ editor: page }) => {
  await openSmall(page);
  await page.getByRole('textbox', { name: 'Prompt: text' }).fill('</metadata> & "quotes" <b>\u0007 日本');
  await page.getByRole('spinbutton', { name: 'Sampler: seed' }).fill('18446744073709551615');
  await page.keyboard.press('Enter');
  const before = await savedDocument(page);
  expect(JSON.stringify(before)).toContain('日本');

  const svg = (await downloaded(page, 'Download as an SVG')).toString();
  const drawn = await page.evaluate((text) => {
    const picture = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    const labels = [...picture.querySelectorAll('text')].map((one) => one.textContent);
    return { error: picture.querySelector('parsererror')?.textContent, links: picture.querySelectorAll('path').length, labels, active: picture.querySelectorAll('script, foreignObject, image').length };
  }, svg);
  expect(drawn.error).toBeUndefined();
  expect(drawn.links).toBe(11);
  expect(drawn.active).toBe(0);
  for (const label of ['Sampler', 'steps: 2', 'LoRA', 'seed: 18446744073709551615']) expect(drawn.labels).toContain(label);

  const png = await downloaded(page, 'Download as a PNG');
  const size = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const { width, height } = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    return [width, height];
  }, png.toString('base64'));
  expect(Math.min(...size)).toBeGreaterThan(400);

  for (const [name, content] of [['again.svg', Buffer.from(svg)], ['once_more.png', png]] as const) {
    await openFile(page, name, content);
    await expect(page.locator('.tab[data-active]')).toContainText(name.split('.')[0]!);
    await expect(links(page)).toHaveCount(11);
    expect(await savedDocument(page)).toEqual(before);
  }
  await openFile(page, 'plain.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  await expect(page.locator('.notice').last()).toContainText('holds no workflow');
});
