// Scenario 20: axe finds nothing, in every screen and theme; narrow screens; reduced motion.

import { addAxe, violations } from './axe';
import { canvas, node, openSmall, ready } from './editor';
import { expect, test } from './test';

for (const theme of ['dark', 'light', 'contrast'] as const) {
  test(`axe finds nothing in the ${theme} theme`, async ({ editor: page }) => {
    await ready(page);
    await page.evaluate((name) => localStorage.setItem('heddle.preferences', JSON.stringify({ theme: name })), theme);
    await addAxe(page);
    await page.reload();
    await ready(page);
    expect.soft(await violations(page), 'starters').toEqual([]);
    await openSmall(page);
    // Sizes of targets are those at 100 %.
    await page.keyboard.press('0');
    expect.soft(await violations(page), 'graph').toEqual([]);
    await canvas(page).press('/');
    expect.soft(await violations(page), 'palette').toEqual([]);
    await page.keyboard.press('Escape');
    for (const panel of ['Workflows', 'Nodes', 'Jobs', 'Gallery', 'Outline', 'Problems', 'Form']) {
      await page.getByRole('button', { name: panel, exact: true }).click();
      await expect(page.getByRole('complementary', { name: panel })).toBeVisible();
      expect.soft(await violations(page), panel).toEqual([]);
    }
    await canvas(page).press('Control+a');
    await page.keyboard.press('i');
    await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
    expect.soft(await violations(page), 'details').toEqual([]);
    await canvas(page).press('?');
    await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toBeVisible();
    expect.soft(await violations(page), 'shortcuts').toEqual([]);
  });
}

test('a narrow screen with large text: the form runs, nothing is cut off sideways', async ({ editor: page }) => {
  await openSmall(page);
  await node(page, 'Prompt').locator('.node-title').click();
  await page.keyboard.press('i');
  await page.getByRole('complementary', { name: 'Details' }).getByLabel('in the form').first().check();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Close details' }).click();
  await page.setViewportSize({ width: 320, height: 640 });
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  const form = page.getByRole('form', { name: 'Form' });
  await form.getByRole('textbox').fill('a red house');
  await form.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('img', { name: /^Result: small_/ })).toBeVisible({ timeout: 60_000 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
});

test('reduced motion: nothing is animated', async ({ editor: page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openSmall(page);
  expect(await page.evaluate(() => document.getAnimations().filter((one) => Number(one.effect?.getComputedTiming().duration) > 0).length)).toBe(0);
});
