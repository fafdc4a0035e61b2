// Scenario 12: whatever is dropped or opened becomes a graph or is refused in words; unsaved work stays.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { addNode, api, canvas, links, node, openFile, openSmall, ready, savedDocument } from './editor';
import { repository } from './environment';
import { loraFile, png, webpWithWorkflow } from './picture_files';
import { startServer } from './server';
import { expect, test } from './test';

/** As a drop of files from the desktop does. */
async function drop(page: Page, selector: string, name: string, type: string, content: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(({ name, type, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    return transfer;
  }, { name, type, base64: content.toString('base64') });
  await page.dispatchEvent(selector, 'drop', { dataTransfer: transfer });
}

const seed = (page: Page, title = 'Sampler') => page.getByRole('spinbutton', { name: `${title}: seed` });

test('dropped: the picture just made, steps, a WebP, unknown nodes, exact seeds; unsaved work stays in its tab', async ({ editor: page, server }) => {
  await openSmall(page);
  await seed(page).fill('18446744073709551615');
  await page.getByRole('combobox', { name: 'Sampler: seed: after each run' }).selectOption('fixed');
  await canvas(page).focus();
  await page.keyboard.press('Control+Enter');
  const picture = page.getByRole('img', { name: /^Save: small_/ });
  await expect(picture).toBeVisible({ timeout: 60_000 });
  const name = (await picture.getAttribute('alt'))!.replace('Save: ', '');
  const made = readFileSync(join(server.data, 'output', name));
  const before = await savedDocument(page);
  // Unsaved work: the drop opens a tab of its own.
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+b');
  await drop(page, '.stage', name, 'image/png', made);
  await expect(page.locator('.tab')).toHaveCount(2);
  await expect(node(page, 'LoRA')).not.toHaveAttribute('data-mode', 'bypassed');
  expect(JSON.stringify(await savedDocument(page))).toBe(JSON.stringify(before));
  await expect(seed(page)).toHaveValue('18446744073709551615');
  await page.locator('.tab button').first().click();
  await expect(node(page, 'LoRA')).toHaveAttribute('data-mode', 'bypassed');

  const workflow = JSON.stringify(before).replace(/"?18446744073709552000"?|18446744073709551615/, '18446744073709551615');
  await drop(page, '.stage', 'other.webp', 'image/webp', webpWithWorkflow(workflow.replace('"small"', '"from a webp"')));
  await expect(page.getByRole('textbox', { name: 'Save: filename_prefix' })).toHaveValue('from a webp');
  await expect(links(page)).toHaveCount(11);

  const steps = JSON.stringify({ ...api, 50: { class_type: 'NobodyKnows', inputs: { images: ['8', 0], odd: 'kept' }, _meta: { title: '<img src=x onerror=alert(1)>' } } }).replace('"seed":3', '"seed":9007199254740993');
  await drop(page, '.stage', 'steps.json', 'application/json', Buffer.from(steps));
  await expect(seed(page)).toHaveValue('9007199254740993');
  await expect(page.locator('.node[data-unknown]')).toContainText('kept');
  await expect(page.locator('.node img[src=x]')).toHaveCount(0);
  await expect(links(page)).toHaveCount(12);
  const text = JSON.stringify(await savedDocument(page));
  expect(text).toContain('NobodyKnows');
  expect(text).toContain('kept');
  await expect(page.locator('.tab')).toHaveCount(4);
});

test('broken and hostile files are refused in words, at once, and change nothing', async ({ editor: page }) => {
  await ready(page);
  await addNode(page, 'VAEDecode', 'VAE Decode');
  const workflow = JSON.stringify({ nodes: [], links: [] });
  const whole = png(8, 8, [1, 2, 3], { workflow });
  const last = page.locator('.notice').last();
  const huge = png(8, 8, [1, 2, 3], { workflow: `{"nodes":[],"links":[],"pad":"${'x'.repeat(50 * 1024 * 1024)}"}` });
  const refused: [string, Buffer, RegExp][] = [
    ['cut.png', whole.subarray(0, 40), /\S/],
    ['lies.png', Buffer.concat([whole.subarray(0, 33), Buffer.from([0x7f, 0xff, 0xff, 0xff]), Buffer.from('tEXtworkflow')]), /\S/],
    ['words.json', Buffer.from('{"nodes": [1, 2'), /JSON/],
    ['deep.json', Buffer.from('['.repeat(100_000)), /\S/],
    ['other.json', Buffer.from('{"a": 1}'), /no workflow/],
    ['bytes.json', Buffer.from([0xff, 0xfe, 0, 1]), /neither a picture nor text/],
  ];
  for (const [name, content, words] of refused) {
    await openFile(page, name, content);
    await expect(last).toContainText(words);
    await last.getByRole('button', { name: 'Close' }).click();
    await expect(page.locator('.notice')).toHaveCount(0);
  }
  // 50 MB of text in a picture: refused or opened, but not held up.
  const folder = mkdtempSync(join(tmpdir(), 'heddle-huge-'));
  writeFileSync(join(folder, 'huge.png'), huge);
  const chooser = page.waitForEvent('filechooser');
  await canvas(page).focus();
  await page.keyboard.press('Control+o');
  await (await chooser).setFiles(join(folder, 'huge.png'));
  await expect(last.or(page.locator('.tab[data-active]', { hasText: 'huge' }))).toContainText(/large|big|long|MB|huge|no workflow/i);
  rmSync(folder, { recursive: true });
  await page.getByRole('button', { name: /^Untitled/ }).click();
  await expect(node(page, 'VAE Decode')).toBeVisible();
});

test('a picture of AUTOMATIC1111 is told in words, run, and opens as the graph that the server makes of it', async ({ editor: page }) => {
  await ready(page);
  const parameters = 'a purple castle, ink style\nNegative prompt: blurry\nSteps: 2, Sampler: Euler, CFG scale: 5, Seed: 42, Size: 64x64, Model: pocket, Lora hashes: "ink: 1a2b, candy: 3c4d"';
  await openFile(page, 'castle.png', png(16, 16, [90, 30, 120], { parameters }));
  const dialog = page.getByRole('dialog', { name: /^castle.png/ });
  await expect(dialog).toContainText('a purple castle, ink style');
  await expect(dialog).toContainText('blurry');
  await expect(dialog.locator('dd')).toHaveText(['2', 'Euler', '5', '42', '64x64', 'pocket', '"ink: 1a2b, candy: 3c4d"']);
  await expect(dialog.getByRole('list', { name: 'What this server says to it' })).toContainText('graphics card');
  await dialog.getByRole('button', { name: 'Run it and open its graph' }).click();
  await expect(page.locator('.tab[data-active]')).toContainText('castle');
  await expect(links(page)).not.toHaveCount(0);
  await expect(page.getByRole('spinbutton', { name: /KSampler: seed/ })).toHaveValue('42');
  await expect(page.getByRole('img', { name: /^Save Image: / })).toBeVisible({ timeout: 60_000 });
});

test('a model picture and the family in the list; another family is told at the field and among the problems', async ({ page, watched }) => {
  void watched;
  const models = mkdtempSync(join(tmpdir(), 'heddle-models-'));
  for (const kind of ['checkpoints', 'loras']) mkdirSync(join(models, kind));
  symlinkSync(`${repository}models/checkpoints/pocket.safetensors`, join(models, 'checkpoints/pocket.safetensors'));
  symlinkSync(`${repository}models/loras/ink.safetensors`, join(models, 'loras/ink.safetensors'));
  writeFileSync(join(models, 'loras/ink.png'), png(64, 64, [20, 20, 60]));
  writeFileSync(join(models, 'loras/large.safetensors'), loraFile('stable-diffusion-xl-v1-base/lora'));
  const own = await startServer('--models', models);
  watched.expected.push(/outside request/);
  try {
    await page.goto(own.url);
    await openSmall(page);
    await page.getByRole('combobox', { name: 'LoRA: lora_name' }).click();
    const option = page.getByRole('option', { name: /ink/ });
    await expect(option).toContainText('Stable Diffusion 1.x');
    await expect.poll(() => option.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    await page.getByRole('option', { name: /large/ }).click();
    const words = 'large.safetensors is made for Stable Diffusion XL, but pocket.safetensors is Stable Diffusion 1.x';
    await expect(node(page, 'LoRA').locator('.field-warning')).toHaveText(words);
    await page.getByRole('button', { name: 'Problems', exact: true }).click();
    await expect(page.getByRole('list', { name: 'Warnings' }).getByRole('button').first()).toContainText(words);
    await page.getByRole('combobox', { name: 'LoRA: lora_name' }).click();
    await page.getByRole('option', { name: /ink/ }).click();
    await expect(node(page, 'LoRA').locator('.field-warning')).toHaveCount(0);
  } finally {
    await page.goto('about:blank');
    await own.stop();
    own.remove();
    rmSync(models, { recursive: true, force: true });
  }
});
