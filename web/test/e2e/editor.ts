// What scenarios do in the editor, in the words of a user.

import { expect, type Locator, type Page } from '@playwright/test';

export const canvas = (page: Page): Locator => page.locator('.canvas');

/** A node by its title (the first of that title). */
export const node = (page: Page, title: string): Locator =>
  page.locator('.node').filter({ has: page.locator('.node-name', { hasText: new RegExp(`^${escape(title)}$`) }) }).first();

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Waits until the declarations are there. */
export async function ready(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: /^Text to image One picture/ })).toBeVisible();
}

/** Adds a node with the palette, by keys only. */
export async function addNode(page: Page, query: string, title: string): Promise<void> {
  await canvas(page).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.type(query);
  await expect(page.locator('[role=option]').first()).toContainText(title);
  await page.keyboard.press('Enter');
  await expect(node(page, title)).toBeVisible();
}

export const output = (of: Locator, name: string): Locator => of.locator('.react-flow__handle.source').and(of.page().getByLabel(`output ${name}`));
export const input = (of: Locator, name: string): Locator => of.locator('.react-flow__handle.target').and(of.page().getByLabel(`input ${name}`));

/** Draws a link with the pointer. */
export async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
  const [a, b] = [await middleOf(from), await middleOf(to)];
  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2, { steps: 4 });
  await page.mouse.move(b.x, b.y, { steps: 4 });
  await page.mouse.up();
}

export async function middleOf(thing: Locator): Promise<{ x: number; y: number }> {
  const box = await thing.boundingBox();
  if (!box) throw new Error(`${thing} is not on the page`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Runs a command by its name in the command list. */
export async function command(page: Page, name: string): Promise<void> {
  await canvas(page).focus();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search: Commands' }).fill(name);
  await page.keyboard.press('Enter');
}

export const links = (page: Page): Locator => page.locator('.react-flow__edge');

/** The document as it would be saved. */
export async function savedDocument(page: Page): Promise<Record<string, unknown>> {
  const download = page.waitForEvent('download');
  await command(page, 'Download as a file');
  const stream = await (await download).createReadStream();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
}

/** Opens JSON as a file, as Ctrl+O does. */
export async function openFile(page: Page, name: string, content: unknown): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await canvas(page).focus();
  await page.keyboard.press('Control+o');
  const text = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content);
  const mimeType = name.endsWith('.json') ? 'application/json' : 'image/png';
  await (await chooser).setFiles({ name, mimeType, buffer: Buffer.isBuffer(text) ? text : Buffer.from(text) });
}

/** A small graph in API format: checkpoint, two prompts, sampler, decode, save. */
export const api = {
  '4': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'pocket.safetensors' }, _meta: { title: 'Checkpoint' } },
  '10': { class_type: 'LoraLoader', inputs: { lora_name: 'ink.safetensors', strength_model: 0.8, strength_clip: 0.8, model: ['4', 0], clip: ['4', 1] }, _meta: { title: 'LoRA' } },
  '5': { class_type: 'EmptyLatentImage', inputs: { width: 64, height: 64, batch_size: 1 }, _meta: { title: 'Size' } },
  '6': { class_type: 'CLIPTextEncode', inputs: { text: 'ink style, a castle', clip: ['10', 1] }, _meta: { title: 'Prompt' } },
  '7': { class_type: 'CLIPTextEncode', inputs: { text: '', clip: ['10', 1] }, _meta: { title: 'Negative' } },
  '3': {
    class_type: 'KSampler', _meta: { title: 'Sampler' },
    inputs: { seed: 3, steps: 2, cfg: 5, sampler_name: 'euler', scheduler: 'normal', denoise: 1, model: ['10', 0], positive: ['6', 0], negative: ['7', 0], latent_image: ['5', 0] },
  },
  '8': { class_type: 'VAEDecode', inputs: { samples: ['3', 0], vae: ['4', 2] }, _meta: { title: 'Decode' } },
  '9': { class_type: 'SaveImage', inputs: { filename_prefix: 'small', images: ['8', 0] }, _meta: { title: 'Save' } },
};

export async function openSmall(page: Page): Promise<void> {
  await ready(page);
  await openFile(page, 'small.json', api);
  await expect(links(page)).toHaveCount(11);
  await page.waitForTimeout(600);
  await canvas(page).focus();
  await page.keyboard.press('.');
  await page.waitForTimeout(400);
}

/** What the document holds, apart from where things stand. */
export async function shape(page: Page): Promise<{ nodes: { id: number; type: string; mode: number }[]; links: unknown[]; groups: unknown[]; extra?: Record<string, unknown>; definitions?: { subgraphs: unknown[] } }> {
  return (await savedDocument(page)) as never;
}

/** The place of an empty spot on the canvas, that far from its right lower corner. */
export async function emptySpot(page: Page, right = 420, up = 60): Promise<{ x: number; y: number }> {
  const box = (await canvas(page).boundingBox())!;
  return { x: box.x + box.width - right, y: box.y + box.height - up };
}

/** Opens a graph in the editor's or the API's format and waits for its nodes. */
export async function openGraph(page: Page, name: string, graph: unknown, nodes: number): Promise<void> {
  await openFile(page, `${name}.json`, graph);
  await expect(page.locator('.tab[data-active]')).toContainText(name);
  await expect(page.locator('.node')).toHaveCount(nodes);
  await page.waitForTimeout(300);
}

export const undo = (page: Page): Promise<void> => canvas(page).press('Control+z');

/** Selects nodes by their titles. */
export async function selectNodes(page: Page, ...titles: string[]): Promise<void> {
  for (const [i, title] of titles.entries()) await node(page, title).locator('.node-title').click({ modifiers: i === 0 ? [] : ['Control'] });
}
