// Scenarios 18 and 19: everything by keys, names for a screen reader, the list of commands.

import { canvas, links, node, openSmall, ready } from './editor';
import { expect, test } from './test';

test('a picture from an empty page without a pointer', async ({ editor: page }) => {
  await ready(page);
  // The scenario fails if a pointer is used at all.
  await page.evaluate(() => {
    window.addEventListener('pointerdown', () => document.body.setAttribute('data-pointer', ''), true);
  });
  const add = async (query: string): Promise<void> => {
    await canvas(page).press('/');
    await page.getByRole('combobox', { name: /Search/ }).fill(query);
    await page.keyboard.press('Enter');
  };
  const link = async (words: string): Promise<void> => {
    await canvas(page).press('Shift+L');
    await page.getByRole('combobox', { name: /Search/ }).fill(words);
    await page.keyboard.press('Enter');
  };
  await canvas(page).focus();
  await add('EmptyImage');
  await expect(node(page, 'EmptyImage').or(node(page, 'Empty Image'))).toBeVisible();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('32*2');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await add('ImageInvert');
  await link('IMAGE');
  await expect(links(page)).toHaveCount(1);
  await add('SaveImage');
  await link('Invert');
  await expect(links(page)).toHaveCount(2);
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save Image: ComfyUI/ })).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('body')).not.toHaveAttribute('data-pointer');
});

test('arrows walk along links and say where one is; Alt+arrows move; F6 goes round the regions', async ({ editor: page }) => {
  await openSmall(page);
  await canvas(page).press('Control+f');
  await page.getByRole('combobox', { name: /Search/ }).fill('Decode');
  await page.keyboard.press('Enter');
  await canvas(page).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('.spoken')).toHaveText(/^Sampler, \d of 8, .*model from LoRA/);
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('.spoken')).toHaveText(/^LoRA, \d of 8, model from Checkpoint/);
  const before = await node(page, 'LoRA').boundingBox();
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(async () => (await node(page, 'LoRA').boundingBox())!.y).toBeGreaterThan(before!.y);
  await page.keyboard.press('Control+z');
  await expect.poll(async () => (await node(page, 'LoRA').boundingBox())!.y).toBeCloseTo(before!.y, 0);
  await page.keyboard.press('F6');
  await expect(page.locator('.canvas')).not.toBeFocused();
  await page.keyboard.press('Shift+F6');
  await expect(page.locator('.canvas')).toBeFocused();
});

test('the list of commands has them all; keys are changed, and a conflict is refused', async ({ editor: page }) => {
  await ready(page);
  await canvas(page).press('Control+k');
  const listed = await page.locator('[role=option]').count();
  expect(listed).toBeGreaterThan(80);
  await page.keyboard.press('Escape');
  await canvas(page).press('?');
  await expect(page.getByRole('row')).toHaveCount(listed + 1);
  const minimap = page.getByRole('button', { name: /^Keys of Overview map/ });
  await minimap.click();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('Ctrl+Enter is already: Run.')).toBeVisible();
  await minimap.click();
  await page.keyboard.press('Alt+j');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.locator('.minimap')).toBeVisible();
  await canvas(page).press('Alt+j');
  await expect(page.locator('.minimap')).toHaveCount(0);
});

test('the outline lists nodes as they run, finds them by title, type and value, and goes to the one that is chosen', async ({ editor: page }) => {
  await openSmall(page);
  await canvas(page).press('0');
  await canvas(page).press('o');
  const outline = page.getByRole('complementary', { name: 'Outline' });
  const rows = outline.getByRole('list').getByRole('button');
  await expect(rows).toHaveCount(8);
  const titles = await rows.locator('strong').allTextContents();
  for (const [before, after] of [['Checkpoint', 'LoRA'], ['LoRA', 'Prompt'], ['Prompt', 'Sampler'], ['Sampler', 'Decode'], ['Decode', 'Save']]) {
    expect(titles.indexOf(before!)).toBeLessThan(titles.indexOf(after!));
  }
  const find = outline.getByRole('searchbox');
  for (const [query, title] of [['negat', 'Negative'], ['VAEDecode', 'Decode'], ['ink style', 'Prompt']] as const) {
    await find.fill(query);
    await expect(rows.locator('strong')).toHaveText([title]);
  }
  await find.fill('SaveImage');
  await find.press('Tab');
  await page.keyboard.press('Enter');
  await expect(node(page, 'Save')).toHaveAttribute('data-selected');
  const middle = async (): Promise<number> => {
    const [own, stage] = [(await node(page, 'Save').boundingBox())!, (await canvas(page).boundingBox())!];
    return Math.abs(own.x + own.width / 2 - stage.x - stage.width / 2);
  };
  await expect.poll(middle).toBeLessThan(60);
});
