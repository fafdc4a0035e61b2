// Scenario 25 and inpainting: pictures by paste, drop and button, names in use, a mask that is painted arrives at the server.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { addNode, canvas, node, ready } from './editor';
import { png } from './picture_files';
import { expect, test } from './test';

const red = png(64, 64, [200, 30, 30]);
const blue = png(64, 64, [30, 30, 200]);

async function give(page: Page, event: 'paste' | 'drop', selector: string, name: string, content: Buffer): Promise<void> {
  await page.evaluate(({ event, selector, name, base64 }) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))], name, { type: 'image/png' }));
    const target = document.querySelector(selector)!;
    const options = { bubbles: true, cancelable: true };
    target.dispatchEvent(event === 'paste' ? new ClipboardEvent('paste', { ...options, clipboardData: transfer }) : new DragEvent('drop', { ...options, dataTransfer: transfer }));
  }, { event, selector, name, base64: content.toString('base64') });
}

const file = (page: Page, title: string) => page.getByRole('combobox', { name: `${title}: image` });
const inputs = (data: string): string[] => readdirSync(join(data, 'input')).filter((name) => name.endsWith('.png')).sort();

test('paste, drop on the node, a button; a name in use gets another; one undo each', async ({ editor: page, server }) => {
  await ready(page);
  await canvas(page).focus();
  await give(page, 'paste', '.canvas', 'shot.png', red);
  await expect(node(page, 'Load Image')).toBeVisible();
  await expect(file(page, 'Load Image')).toHaveText('shot.png');
  await expect(page.getByRole('img', { name: 'Load Image: shot.png' })).toBeVisible();
  expect(readFileSync(join(server.data, 'input', 'shot.png')).equals(red)).toBe(true);

  // Another picture of the same name does not take its place.
  await give(page, 'drop', '.node .file-widget', 'shot.png', blue);
  await expect(file(page, 'Load Image')).toHaveText('shot (1).png');
  expect(readFileSync(join(server.data, 'input', 'shot.png')).equals(red)).toBe(true);
  expect(readFileSync(join(server.data, 'input', 'shot (1).png')).equals(blue)).toBe(true);
  await canvas(page).focus();
  await page.keyboard.press('Control+z');
  await expect(file(page, 'Load Image')).toHaveText('shot.png');
  await page.keyboard.press('Control+y');

  // A paste goes into the node that is selected.
  await node(page, 'Load Image').locator('.node-title').click();
  await give(page, 'paste', '.canvas', 'third.png', png(8, 8, [0, 200, 0]));
  await expect(file(page, 'Load Image')).toHaveText('third.png');
  await expect(page.locator('.node')).toHaveCount(1);
  const chooser = page.waitForEvent('filechooser');
  await node(page, 'Load Image').getByRole('button', { name: 'Upload' }).click();
  await (await chooser).setFiles({ name: 'fourth.png', mimeType: 'image/png', buffer: red });
  await expect(file(page, 'Load Image')).toHaveText('fourth.png');
  expect(inputs(server.data)).toEqual(expect.arrayContaining(['fourth.png', 'shot (1).png', 'shot.png', 'third.png']));

  // The list shows all pictures, also those that came in just now.
  await file(page, 'Load Image').click();
  const thumbnail = page.getByRole('option', { name: 'third.png' }).locator('img');
  await expect.poll(() => thumbnail.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(8);
  await page.keyboard.press('Escape');
});

test('a mask: brush, undo, eraser, feather; what is painted is what the server gets', async ({ editor: page, server }) => {
  await ready(page);
  await addNode(page, 'LoadImage', 'Load Image');
  const chooser = page.waitForEvent('filechooser');
  await node(page, 'Load Image').getByRole('button', { name: 'Upload' }).click();
  await (await chooser).setFiles({ name: 'for_mask.png', mimeType: 'image/png', buffer: blue });
  await expect(file(page, 'Load Image')).toHaveText('for_mask.png');
  await node(page, 'Load Image').getByRole('button', { name: 'Mask', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Paint a mask' });
  const surface = dialog.getByRole('img', { name: /^Mask:/ });
  await expect.poll(() => surface.evaluate((one: HTMLCanvasElement) => one.width)).toBe(64);
  await page.waitForTimeout(200);
  const box = (await surface.boundingBox())!;
  const stroke = async (x1: number, y1: number, x2: number, y2: number): Promise<void> => {
    await page.mouse.move(box.x + x1 * box.width, box.y + y1 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + x2 * box.width, box.y + y2 * box.height, { steps: 4 });
    await page.mouse.up();
  };
  const painted = (x: number, y: number): Promise<number> => surface.evaluate((one: HTMLCanvasElement, at) => one.getContext('2d')!.getImageData(at[0]! * 64, at[1]! * 64, 1, 1).data[3]!, [x, y]);
  await dialog.getByRole('slider', { name: 'Size' }).fill('12');
  await stroke(0.1, 0.25, 0.9, 0.25);
  await stroke(0.1, 0.75, 0.9, 0.75);
  expect([await painted(0.5, 0.25), await painted(0.5, 0.75), await painted(0.5, 0.5)]).toEqual([255, 255, 0]);
  await dialog.getByRole('button', { name: 'Undo the last stroke' }).click();
  expect(await painted(0.5, 0.75)).toBe(0);
  await dialog.getByRole('button', { name: 'Eraser' }).click();
  await stroke(0.7, 0.25, 1, 0.25);
  expect([await painted(0.3, 0.25), await painted(0.9, 0.25)]).toEqual([255, 0]);
  await dialog.getByRole('slider', { name: 'Feather' }).fill('2');
  await dialog.getByRole('button', { name: 'Use this mask' }).click();
  await expect(dialog).toHaveCount(0);
  const value = await file(page, 'Load Image').textContent();
  expect(value).toMatch(/^clipspace\/mask-.*\.png \[input\]$/);

  // The mask is the transparency: painted 0, untouched 255, something between at the feathered edge; the colours stay.
  const stored = `${server.url}/view?filename=${value!.replace(/^clipspace\/| \[input\]$/g, '')}&subfolder=clipspace&type=input`;
  const pixels = await page.evaluate(async (url) => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob(), { premultiplyAlpha: 'none' });
    const context = new OffscreenCanvas(64, 64).getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    const alphas = Array.from({ length: 64 }, (_, y) => context.getImageData(20, y, 1, 1).data[3]!);
    return { alphas, colour: [...context.getImageData(20, 60, 1, 1).data] };
  }, stored);
  expect(pixels.alphas[16]).toBeLessThan(8);
  expect(pixels.alphas[48]).toBe(255);
  expect(pixels.alphas.filter((alpha) => alpha > 20 && alpha < 235).length).toBeGreaterThanOrEqual(4);
  expect(pixels.colour).toEqual([30, 30, 200, 255]);
  // Taking the mask was one step.
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(file(page, 'Load Image')).toHaveText('for_mask.png');
});
