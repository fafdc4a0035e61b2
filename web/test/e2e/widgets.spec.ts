// Scenario 22: numbers, seeds, long lists, prompts, notes; and scenario 29: long and right-to-left text.

import type { Page } from '@playwright/test';
import { canvas, node, openGraph, openSmall, ready, savedDocument, undo } from './editor';
import { expect, test } from './test';

const MODELS = 3000;

/** The server's own declarations with a great many models, and embeddings that it does not have. */
async function openWithMany(page: Page, url: string): Promise<void> {
  await page.route('**/object_info', async (route) => {
    const response = await route.fetch();
    const declarations = await response.json() as Record<string, { input: { required: Record<string, unknown[]> } }>;
    declarations.CheckpointLoaderSimple!.input.required.ckpt_name![0] = ['pocket.safetensors', ...Array.from({ length: MODELS }, (_, i) => `folder/model_${i}.safetensors`)];
    await route.fulfill({ response, json: declarations });
  });
  await page.route('**/embeddings', (route) => route.fulfill({ json: ['easynegative.safetensors', 'bad_hands.pt'] }));
  await page.goto(url);
  await openSmall(page);
}

test('numbers by dragging, arrows and expressions; the wheel turns nothing; each one undo', async ({ editor: page }) => {
  await openSmall(page);
  const steps = page.getByRole('spinbutton', { name: 'Sampler: steps' });
  const label = node(page, 'Sampler').locator('.widget.number', { has: steps }).locator('.widget-label');
  const box = (await label.boundingBox())!;
  await page.mouse.move(box.x + 10, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 70, box.y + box.height / 2, { steps: 6 });
  await page.mouse.up();
  await expect(steps).toHaveValue('12');
  await undo(page);
  await expect(steps).toHaveValue('2');

  const cfg = page.getByRole('spinbutton', { name: 'Sampler: cfg' });
  await cfg.fill('(2 + 3) * 1.5');
  await page.keyboard.press('Enter');
  await expect(cfg).toHaveValue('7.5');
  await page.keyboard.press('ArrowUp');
  await expect(cfg).toHaveValue('7.6');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(cfg).toHaveValue('6.6');
  await cfg.fill('7 apples');
  await page.keyboard.press('Enter');
  await expect(page.locator('.notice').last()).toContainText('Sampler: cfg');
  await expect(cfg).toHaveValue('6.6');
  await cfg.fill('1000');
  await page.keyboard.press('Enter');
  await expect(cfg).toHaveValue('100'); // the most it may be
  await cfg.blur();
  await cfg.hover();
  await page.mouse.wheel(0, 40);
  await page.waitForTimeout(200);
  await expect(cfg).toHaveValue('100');
});

test('a choice of 3,000 models is searched; prompts have weights, completion and an input method', async ({ page, server, watched }) => {
  void watched;
  await openWithMany(page, server.url);
  await page.getByRole('combobox', { name: 'Checkpoint: ckpt_name' }).click();
  expect(await page.locator('[role=option]').count()).toBeLessThanOrEqual(200);
  await page.getByRole('combobox', { name: /^Search/ }).fill('model_2999');
  await expect(page.locator('[role=option]')).toHaveText(['folder/model_2999.safetensors']);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('combobox', { name: 'Checkpoint: ckpt_name' })).toHaveText('folder/model_2999.safetensors');

  const text = page.getByRole('textbox', { name: 'Prompt: text' });
  await text.fill('a red house');
  await text.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(3, 3));
  await page.keyboard.press('Control+ArrowUp');
  await page.keyboard.press('Control+ArrowUp');
  await expect(text).toHaveValue('a (red:1.1) house');
  for (let i = 0; i < 2; i++) await page.keyboard.press('Control+ArrowDown');
  await expect(text).toHaveValue('a red house');

  await text.fill('');
  await text.pressSequentially('a house, embedding:ea');
  await expect(page.locator('.completion li')).toHaveText(['easynegative']);
  await page.keyboard.press('Tab');
  await expect(text).toHaveValue('a house, embedding:easynegative');
  await text.pressSequentially(' <lora:sn');
  await page.getByRole('button', { name: 'snowman' }).click();
  await expect(text).toHaveValue('a house, embedding:easynegative <lora:snowman:1>');
  await expect(text).toBeFocused();

  // While an input method composes, its keys are its own.
  await text.fill('');
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
  await text.dispatchEvent('keydown', { key: 'Enter', ctrlKey: true, isComposing: true, bubbles: true });
  await text.dispatchEvent('keydown', { key: 'ArrowUp', ctrlKey: true, isComposing: true, bubbles: true });
  await expect(text).toHaveValue('にほん');
  await devtools.send('Input.insertText', { text: '日本' });
  await expect(text).toHaveValue('日本');
  expect(JSON.stringify((await savedDocument(page)).nodes)).toContain('"日本"');
  await expect(page.locator('.run-state')).toHaveCount(0);
});

const HOSTILE = [
  '# Heading', '', '**bold** *it* `code` <script>window.hacked = 1</script>', '<img src=x onerror="window.hacked = 1">',
  '- [a link](javascript:window.hacked=1)', '- [the web](https://example.org/)', '<iframe src="https://example.org"></iframe>',
].join('\n');

const LONG = 'x'.repeat(200);
const TITLES = {
  long: LONG, words: 'a title of many words '.repeat(10), cjk: '漢字かな交じり文'.repeat(25), rtl: 'عنوان طويل جدا من اليمين إلى اليسار '.repeat(6),
  emoji: '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(30), marks: `Z${'̵͕͎̈́'.repeat(60)}algo`,
};

test('notes are safe Markdown; long, combining and right-to-left titles stay in their nodes, and typing works in them', async ({ editor: page }) => {
  await ready(page);
  const kinds = Object.entries(TITLES);
  const nodes = kinds.map(([, title], i) => ({
    id: i + 1, type: 'SaveImage', title, pos: [(i % 3) * 330, Math.floor(i / 3) * 200 + 40], size: [270, 90], flags: {}, order: i, mode: 0,
    inputs: [{ name: 'images', type: 'IMAGE', link: null, label: title }], outputs: [], properties: {}, widgets_values: [title],
  }));
  const note = { id: 9, type: 'Note', title: 'Remark', pos: [0, 480], size: [400, 240], flags: {}, order: 9, mode: 0, inputs: [], outputs: [], properties: {}, widgets_values: [HOSTILE] };
  const groups = [{ id: 1, title: TITLES.rtl, bounding: [-20, -40, 1000, 200], color: '#3f789e', font_size: 24, flags: {} }];
  await openGraph(page, 'texts', { last_node_id: 9, last_link_id: 0, version: 0.4, nodes: [...nodes, note], links: [], groups, config: {}, extra: {} }, 7);

  const remark = node(page, 'Remark');
  await expect(remark.locator('.heading')).toHaveText('Heading');
  await expect(remark.locator('b')).toHaveText('bold');
  await expect(remark.locator('script, img, iframe, a')).toHaveCount(0);
  await expect(remark).toContainText('<script>window.hacked = 1</script>');
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
  for (const dir of ['rtl', 'ltr']) {
    await page.evaluate((value) => document.documentElement.setAttribute('dir', value), dir);
    const outside = await page.locator('.node, .group-box').evaluateAll((all) => all.flatMap((one) => {
      const own = one.getBoundingClientRect();
      return [...one.querySelectorAll('.node-title, .node-name, .group-title, .socket-name, .node-field, .widget')].filter((part) => {
        const box = part.getBoundingClientRect();
        return box.left < own.left - 1 || box.right > own.right + 1 || box.bottom > own.bottom + 1;
      }).map((part) => `${part.className} of ${own.width}`);
    }));
    expect(outside, dir).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), dir).toBeLessThanOrEqual(0);
  }
  await expect(page.locator('.node-name').nth(3)).toHaveAttribute('dir', 'auto');
  const tabs = (await page.locator('.tabs').boundingBox())!;
  expect(tabs.width).toBeLessThan(1000);
  await page.locator('.node-title').nth(3).click();
  await canvas(page).press('F2');
  await expect(page.getByRole('textbox', { name: 'Title of the node' })).toHaveValue(TITLES.rtl);
  await page.keyboard.press('Escape');
});
