// Scenario 14: thousands of pictures by keys; the viewer; two pictures compared.

import type { Page } from '@playwright/test';
import { png } from './picture_files';
import { api, ready } from './editor';
import { expect, test } from './test';

const count = 5000;
const perJob = 100;
const seedOf = (number: number): number => (number === 1 ? 3 : 7);

/** 50 jobs of 100 pictures each; 8 x 8, each made by the same graph but for its seed. */
async function pictures(page: Page): Promise<void> {
  const jobs = Array.from({ length: count / perJob }, (_, job) => ({
    id: `job-${job}`, state: 'succeeded', priority: 0, created: '2026-01-01T00:00:00Z', steps_run: 1, steps_cached: 0,
    outputs: Array.from({ length: perJob }, (_, i) => {
      const number = job * perJob + i;
      return { number: i, step: '9', folder: 'output', subfolder: '', filename: `made_${number}.png`, type: 'image/png', bytes: 1, sha256: '', url: '' };
    }),
  }));
  await page.route(/\/v1\/jobs(\?.*)?$/, (route) => (route.request().method() === 'GET' ? route.fulfill({ json: { jobs } }) : route.fallback()));
  await page.route(/\/view\?/, (route) => {
    const number = Number(/made_(\d+)/.exec(route.request().url())?.[1]);
    const prompt = JSON.stringify({ ...api, 3: { ...api['3'], inputs: { ...api['3'].inputs, seed: seedOf(number) } } });
    return route.fulfill({ contentType: 'image/png', body: png(8, 8, number === 1 ? [10, 0, 0] : [number % 250, 60, 60], { prompt }) });
  });
}

test('5,000 pictures: few are in the page, keys go through all of them, the viewer and back', async ({ page, server, watched }) => {
  void watched;
  await pictures(page);
  await page.goto(server.url);
  await ready(page);
  await page.getByRole('button', { name: 'Gallery', exact: true }).click();
  const tiles = page.locator('.gallery li');
  await expect(tiles.first()).toBeVisible();
  await page.getByRole('button', { name: 'View made_0.png' }).focus();
  const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement!.getAttribute('aria-label'));
  for (const [key, name] of [['ArrowRight', 1], ['ArrowDown', 3], ['ArrowLeft', 2], ['ArrowUp', 0], ['End', count - 1], ['Home', 0]] as const) {
    await page.keyboard.press(key);
    await expect.poll(focused).toBe(`View made_${name}.png`);
    expect(await tiles.count()).toBeLessThan(60);
  }
  for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowDown');
  await expect.poll(focused).toBe('View made_24.png');
  await expect(tiles.first()).toHaveAttribute('aria-setsize', String(count));

  await page.keyboard.press('Enter');
  const viewer = page.getByRole('dialog');
  await expect(viewer).toHaveAttribute('aria-label', 'made_24.png');
  await page.keyboard.press('ArrowRight');
  await expect(viewer).toHaveAttribute('aria-label', 'made_25.png');
  await page.keyboard.press('1');
  await expect(viewer.getByRole('img')).toHaveCSS('transform', 'matrix(1, 0, 0, 1, 0, 0)');
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(viewer.getByRole('img')).toHaveCSS('transform', 'matrix(1, 0, 0, 1, 60, 0)');
  await page.keyboard.press('Escape');
  await expect.poll(focused).toBe('View made_24.png');

  await page.getByRole('searchbox', { name: 'Find pictures by name' }).fill('made_4999');
  await expect(tiles).toHaveCount(1);
});

test('two pictures: slider by keys, side by side with one zoom, difference in figures, what their graphs differ in', async ({ page, server, watched }) => {
  void watched;
  await pictures(page);
  await page.goto(server.url);
  await ready(page);
  await page.getByRole('button', { name: 'Gallery', exact: true }).click();
  for (const i of [0, 1]) await page.getByRole('checkbox', { name: `Choose made_${i}.png to compare` }).check();
  await page.getByRole('button', { name: 'Compare' }).click();
  const dialog = page.getByRole('dialog', { name: 'made_0.png and made_1.png' });
  await expect(dialog.getByRole('list', { name: 'What differs in their graphs' }).getByRole('listitem')).toHaveText(['Sampler: seed 7 → 3']);
  const slider = dialog.getByRole('slider');
  await slider.focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  await expect(slider).toHaveValue('53');
  const panes = dialog.locator('.compare-pane');
  await expect(panes.nth(1)).toHaveCSS('clip-path', 'inset(0px 0px 0px 53%)');

  await dialog.getByRole('radio', { name: 'side by side' }).check();
  const [a, b] = [(await panes.nth(0).boundingBox())!, (await panes.nth(1).boundingBox())!];
  expect(a.x + a.width).toBeLessThanOrEqual(b.x + 1);
  await page.mouse.move(a.x + 40, a.y + 40);
  await page.mouse.wheel(0, -100);
  await page.mouse.wheel(0, -100);
  await page.mouse.down();
  await page.mouse.move(a.x + 70, a.y + 55, { steps: 3 });
  await page.mouse.up();
  const transforms = (): Promise<string[]> => panes.locator('img').evaluateAll((all) => all.map((one) => (one as HTMLElement).style.transform));
  await expect.poll(transforms).toEqual(['translate(30px, 15px) scale(1.44)', 'translate(30px, 15px) scale(1.44)']);

  await dialog.getByRole('radio', { name: 'difference' }).check();
  await expect(dialog.getByRole('status')).toHaveText('100.0 % of the pixels differ, by 60 of 255 at most.');
  await expect(panes.nth(1)).toHaveCSS('mix-blend-mode', 'difference');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('10,000 jobs: 60 rows at most are in the page, page by page', async ({ page, server, watched }) => {
  void watched;
  const row = (i: number): object => ({ id: `job-${i}`, state: i % 10 ? 'succeeded' : 'failed', priority: 0, created: '2026-01-01T00:00:00Z', outputs: [] });
  await page.route(/\/v1\/jobs\?/, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [from, limit] = [Number(query.get('after') ?? 0), Number(query.get('limit'))];
    return route.fulfill({ json: { jobs: Array.from({ length: limit }, (_, i) => row(from + i)), next: from + limit < 10_000 ? `/v1/jobs?limit=${limit}&after=${from + limit}` : undefined } });
  });
  await page.goto(server.url);
  await ready(page);
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  const rows = page.locator('.job');
  for (let at = 0; at < 4; at++) {
    await expect(rows.first()).toContainText(`job-${at * 60}`.slice(0, 8));
    await expect(rows).toHaveCount(60);
    await page.getByRole('button', { name: 'Older jobs' }).click();
  }
  await page.getByRole('button', { name: 'Newer jobs' }).click();
  await expect(rows.first()).toContainText('job-180');
  await page.getByRole('combobox', { name: 'Which jobs' }).selectOption('failed');
  await expect(rows).toHaveCount(30);
});
