// Scenario 2: from an empty page to a picture, with a LoRA; then another seed, and the saved file on the command line.

import type { Locator } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { heddle, repository } from './environment';
import { addNode, canvas, command, drag, input, links, node, output, ready } from './editor';
import { expect, test } from './test';

test('txt2img with a LoRA from nothing: run, change the seed, save, reload, same bytes from the command line', async ({ editor: page, server }) => {
  await ready(page);
  await addNode(page, 'CheckpointLoaderSimple', 'Load Checkpoint');
  await addNode(page, 'LoraLoader', 'Load LoRA');
  await addNode(page, 'CLIPTextEncode', 'CLIP Text Encode (Prompt)');
  await page.keyboard.press('F2');
  await page.getByRole('textbox', { name: 'Title of the node' }).fill('Prompt');
  await page.keyboard.press('Enter');
  await addNode(page, 'CLIPTextEncode', 'CLIP Text Encode (Prompt)');
  await addNode(page, 'EmptyLatentImage', 'Empty Latent Image');
  await addNode(page, 'KSampler', 'KSampler');
  await addNode(page, 'VAEDecode', 'VAE Decode');
  await addNode(page, 'SaveImage', 'Save Image');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Alt+l');
  await page.waitForTimeout(500);
  await page.keyboard.press('.');
  await page.waitForTimeout(400);

  const [checkpoint, lora, prompt, negative] = [node(page, 'Load Checkpoint'), node(page, 'Load LoRA'), node(page, 'Prompt'), node(page, 'CLIP Text Encode (Prompt)')];
  const [size, sampler] = [node(page, 'Empty Latent Image'), node(page, 'KSampler')];
  const [decode, save] = [node(page, 'VAE Decode'), node(page, 'Save Image')];
  const wires: [Locator, string, Locator, string][] = [
    [checkpoint, 'MODEL', lora, 'model'], [checkpoint, 'CLIP', lora, 'clip'], [checkpoint, 'VAE', decode, 'vae'],
    [lora, 'MODEL', sampler, 'model'], [lora, 'CLIP', prompt, 'clip'], [lora, 'CLIP', negative, 'clip'],
    [prompt, 'CONDITIONING', sampler, 'positive'], [negative, 'CONDITIONING', sampler, 'negative'],
    [size, 'LATENT', sampler, 'latent_image'], [sampler, 'LATENT', decode, 'samples'], [decode, 'IMAGE', save, 'images'],
  ];
  for (const [from, outputName, to, inputName] of wires) await drag(page, output(from, outputName), input(to, inputName));
  await expect(links(page)).toHaveCount(wires.length);
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Alt+l');
  await page.waitForTimeout(500);
  await page.keyboard.press('.');
  await page.waitForTimeout(400);

  await page.getByRole('textbox', { name: 'Prompt: text' }).fill('ink style, a purple castle in the snow at sunset');
  await page.getByRole('spinbutton', { name: 'Empty Latent Image: width' }).fill('64*2');
  await page.getByRole('spinbutton', { name: 'Empty Latent Image: height' }).fill('128');
  await page.getByRole('spinbutton', { name: 'KSampler: seed' }).fill('18446744073709551615');
  await page.getByRole('spinbutton', { name: 'KSampler: steps' }).fill('4');
  await page.getByRole('combobox', { name: 'KSampler: seed: after each run' }).selectOption('fixed');
  await page.getByRole('combobox', { name: 'Load LoRA: lora_name' }).click();
  await page.getByRole('option', { name: /ink/ }).click();
  await expect(page.getByRole('spinbutton', { name: 'Empty Latent Image: width' })).toHaveValue('128');

  await page.keyboard.press('Control+Enter');
  // Other scenarios save into the same folder under the same prefix: the files are those that the node shows.
  const picture = save.getByRole('img', { name: /^Save Image: ComfyUI_\d+_\.png$/ });
  await expect(picture).toBeVisible({ timeout: 60_000 });
  const fileOf = async (): Promise<string> => (await picture.getAttribute('alt'))?.replace('Save Image: ', '') ?? '';
  const first = await fileOf();
  await expect(sampler).toHaveAttribute('data-state', 'done');

  // The bytes that are viewed are the file on the disk.
  await save.getByRole('button', { name: /^View/ }).click();
  const viewed = await page.getByRole('dialog').getByRole('img').getAttribute('src');
  const fetched = Buffer.from(await (await page.request.get(viewed ?? '')).body());
  const folder = join(server.data, 'output');
  const file = new URL(viewed ?? '').searchParams.get('filename') ?? '';
  expect(file).toBe(first);
  expect(fetched.equals(readFileSync(join(folder, file)))).toBe(true);
  await page.keyboard.press('Escape');

  // Another seed: the sampler and what follows it run, the rest is cached.
  await page.getByRole('spinbutton', { name: 'KSampler: seed' }).fill('7');
  await page.keyboard.press('Enter');
  await expect(page.locator('.plan[data-plan=run]')).toHaveCount(3);
  await expect(sampler.getByRole('img', { name: /^Will run: seed 18446744073709551615 -> 7/ })).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect.poll(fileOf, { timeout: 60_000 }).not.toBe(first);
  const second = await fileOf();
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  await expect(page.locator('.job').first()).toContainText('3 run');
  await page.emulateMedia({ colorScheme: 'dark' });
  await canvas(page).focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('.');
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${repository}docs/editor.png` });
  await page.getByRole('button', { name: 'Close Jobs' }).click();

  // Saved, and the same after a reload.
  await canvas(page).focus();
  await page.keyboard.press('Control+s');
  await page.getByRole('textbox', { name: 'Name of the workflow' }).fill('castle');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Saved as castle.').first()).toBeVisible();
  await page.reload();
  await expect(node(page, 'KSampler')).toBeVisible();
  await expect(page.getByRole('spinbutton', { name: 'KSampler: seed' })).toHaveValue('7');
  await expect(links(page)).toHaveCount(wires.length);

  // The saved file runs on the command line, with the same bytes as the second picture.
  const saved = join(server.data, 'user', 'default', 'workflows', 'castle.json');
  const out = join(server.data, 'from_command_line');
  execFileSync(heddle, ['run', saved, '--out', out, '--data', join(server.data, 'own'), '--quiet'], { cwd: repository, timeout: 60_000 });
  const made = readdirSync(out).find((name) => name.endsWith('.png')) ?? '';
  expect(readFileSync(join(out, made)).equals(readFileSync(join(folder, second)))).toBe(true);
  await command(page, 'Close this graph');
});
