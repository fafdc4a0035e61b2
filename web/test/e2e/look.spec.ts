// Scenario 20, what axe does not see: forced colours, no motion, 400 % zoom, the first picture in the right theme.

import { addAxe, violations } from './axe';
import { canvas, node, openFile, openSmall, ready } from './editor';
import { png } from './picture_files';
import { expect, test } from './test';

test('forced colours: nodes, fields and the focus keep their lines', async ({ editor: page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await openSmall(page);
  const line = (selector: string): Promise<string> => page.locator(selector).first().evaluate((one) => `${getComputedStyle(one).borderTopStyle} ${getComputedStyle(one).borderTopWidth}`);
  for (const selector of ['.node', '.node .widget', '.top-bar .primary']) expect(await line(selector), selector).toMatch(/^solid [1-9]/);
  await page.keyboard.press('F6');
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement!);
    return { style: style.outlineStyle, width: parseFloat(style.outlineWidth), shadow: style.boxShadow };
  });
  expect(outline.style).not.toBe('none');
  expect(outline.width).toBeGreaterThan(0);
  await node(page, 'Sampler').locator('.node-title').click();
  const selected = await node(page, 'Sampler').evaluate((one) => getComputedStyle(one).outlineStyle);
  expect(selected).not.toBe('none');
});

test('reduced motion: nothing moves, also while palette, panel and menu open', async ({ editor: page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openSmall(page);
  const moving = (): Promise<number> => page.evaluate(() => document.getAnimations().filter((one) => Number(one.effect?.getComputedTiming().duration) > 0).length);
  await canvas(page).press('/');
  expect(await moving()).toBe(0);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  expect(await moving()).toBe(0);
  await canvas(page).focus();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  expect(await moving()).toBe(0);
});

test('400 % zoom (a window of 320 x 256 points): every panel is readable without scrolling sideways', async ({ editor: page }) => {
  await openSmall(page);
  await page.setViewportSize({ width: 320, height: 256 });
  for (const panel of ['Workflows', 'Nodes', 'Jobs', 'Gallery', 'Outline', 'Problems', 'Form']) {
    await page.getByRole('button', { name: panel, exact: true }).click();
    const shown = page.getByRole('complementary', { name: panel });
    await expect(shown).toBeVisible();
    const box = (await shown.boundingBox())!;
    expect(box.x, panel).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width, panel).toBeLessThanOrEqual(320);
    expect(box.height, panel).toBeGreaterThan(80);
    expect(await shown.evaluate((one) => one.scrollWidth - one.clientWidth), panel).toBeLessThanOrEqual(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), panel).toBeLessThanOrEqual(320);
    await shown.getByRole('button', { name: `Close ${panel}` }).click();
  }
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeInViewport();
});

for (const theme of ['dark', 'light', 'contrast'] as const) {
  test(`the first picture is in the ${theme} theme already`, async ({ page, server, watched, browserName }) => {
    void [watched, browserName];
    // The system asks for the other one: what the user chose must be there before any script of the editor runs.
    await page.emulateMedia({ colorScheme: theme === 'light' ? 'dark' : 'light' });
    await page.addInitScript((name) => localStorage.setItem('heddle.preferences', JSON.stringify({ theme: name })), theme);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(/\/assets\/index-.*\.js$/, async (route) => {
      await held;
      return route.fallback();
    });
    await page.goto(server.url, { waitUntil: 'commit' });
    await expect(page.locator('#root')).toBeAttached();
    await expect.poll(() => page.evaluate(() => document.styleSheets.length)).toBeGreaterThan(0);
    const early = await page.evaluate(() => ({ theme: document.documentElement.dataset.theme, background: getComputedStyle(document.body).backgroundColor }));
    expect(await page.locator('#root').innerHTML()).toBe('');
    release();
    await ready(page);
    const late = await page.evaluate(() => ({ theme: document.documentElement.dataset.theme, background: getComputedStyle(document.body).backgroundColor }));
    expect(early).toEqual(late);
    expect(early.theme).toBe(theme);
  });
}

for (const theme of ['dark', 'light', 'contrast'] as const) {
  test(`axe finds nothing in what is asked and compared, in the ${theme} theme`, async ({ page, server, watched }) => {
    void watched;
    await addAxe(page);
    await page.addInitScript((name) => localStorage.setItem('heddle.preferences', JSON.stringify({ theme: name, panel: 'gallery' })), theme);
    const picture = (i: number) => ({ number: i, step: '9', folder: 'output', subfolder: '', filename: `made_${i}.png`, type: 'image/png', bytes: 1, sha256: '', url: '' });
    const job = { id: 'job', state: 'succeeded', priority: 0, created: '2026-01-01T00:00:00Z', outputs: [picture(0), picture(1)] };
    await page.route(/\/v1\/jobs\?/, (route) => route.fulfill({ json: { jobs: [job] } }));
    await page.route(/\/view\?/, (route) => route.fulfill({ contentType: 'image/png', body: png(8, 8, [90, 60, 60], { prompt: JSON.stringify({ 1: { class_type: 'EmptyLatentImage', inputs: { width: route.request().url().includes('made_0') ? 64 : 128, height: 64, batch_size: 1 } } }) }) }));
    await page.goto(server.url);
    await ready(page);
    for (const i of [0, 1]) await page.getByRole('checkbox', { name: `Choose made_${i}.png to compare` }).check();
    await page.getByRole('button', { name: 'Compare' }).click();
    await expect(page.getByRole('list', { name: 'What differs in their graphs' })).toBeVisible();
    for (const way of ['slider', 'side by side', 'difference']) {
      await page.getByRole('radio', { name: way }).check();
      expect.soft(await violations(page), way).toEqual([]);
    }
    await page.keyboard.press('Escape');
    await openFile(page, 'castle.png', png(8, 8, [1, 2, 3], { parameters: 'a castle\nNegative prompt: blurry\nSteps: 2, Sampler: Euler, Seed: 1, Size: 64x64, Model: pocket' }));
    await expect(page.getByRole('list', { name: 'What this server says to it' })).toBeVisible();
    expect.soft(await violations(page), 'settings of another program').toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Jobs', exact: true }).click();
    await page.getByRole('button', { name: 'Remove finished jobs' }).click();
    await expect(page.getByRole('dialog', { name: 'Remove finished jobs' })).toBeVisible();
    expect.soft(await violations(page), 'question').toEqual([]);
  });
}
