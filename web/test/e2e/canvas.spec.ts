// Nodes and groups on the canvas: sizes, groups, what goes through a bypassed node, alignment, sockets of values, replacing.

import type { Locator, Page } from '@playwright/test';
import { canvas, command, drag, input, links, middleOf, node, openGraph, openSmall, output, ready, savedDocument, selectNodes, undo } from './editor';
import { expect, test } from './test';

interface SavedNode {
  id: number;
  title?: string;
  type: string;
  pos: [number, number];
  size: [number, number];
  widgets_values?: unknown[];
  inputs: { name: string; link: number | null }[];
}
interface SavedGroup {
  title: string;
  color: string;
  bounding: [number, number, number, number];
  flags?: { collapsed?: boolean };
}
const savedNodes = async (page: Page): Promise<SavedNode[]> => (await savedDocument(page)).nodes as SavedNode[];
const savedNode = async (page: Page, title: string): Promise<SavedNode> => (await savedNodes(page)).find((one) => one.title === title)!;
const savedGroup = async (page: Page): Promise<SavedGroup> => ((await savedDocument(page)).groups as SavedGroup[])[0]!;

const image = (link: number | null) => [{ name: 'image', type: 'IMAGE', link }];
const gives = (...ids: number[]) => [{ name: 'IMAGE', type: 'IMAGE', links: ids }];
const scene = {
  last_node_id: 4, last_link_id: 2, version: 0.4, config: {}, extra: {},
  nodes: [
    { id: 1, type: 'ImageInvert', title: 'First', pos: [40, 60], size: [200, 40], flags: {}, order: 0, mode: 0, inputs: image(null), outputs: gives(1), properties: {} },
    { id: 2, type: 'ImageInvert', title: 'Second', pos: [300, 60], size: [200, 40], flags: {}, order: 1, mode: 0, inputs: image(1), outputs: gives(2), properties: {} },
    { id: 3, type: 'SaveImage', title: 'Save', pos: [620, 60], size: [250, 80], flags: {}, order: 2, mode: 0, inputs: [{ name: 'images', type: 'IMAGE', link: 2 }], outputs: [], properties: {}, widgets_values: ['x'] },
    { id: 4, type: 'Note', title: 'Remark', pos: [40, 320], size: [200, 90], flags: {}, order: 3, mode: 0, inputs: [], outputs: [], properties: {}, widgets_values: ['a remark'] },
  ],
  links: [[1, 1, 0, 2, 0, 'IMAGE'], [2, 2, 0, 3, 0, 'IMAGE']],
  groups: [{ id: 1, title: 'Turned', bounding: [0, 0, 540, 200], color: '#3f789e', font_size: 24, flags: {} }],
};

async function pull(page: Page, what: Locator, dx: number, dy: number): Promise<void> {
  await what.hover();
  const at = await middleOf(what);
  await page.mouse.down();
  await page.mouse.move(at.x + dx / 2, at.y + dy / 2, { steps: 3 });
  await page.mouse.move(at.x + dx, at.y + dy, { steps: 3 });
  await page.mouse.up();
}

/** What is in the group has gone along with it, and nothing else. */
async function isMoved(page: Page): Promise<void> {
  const [x, y] = (await savedGroup(page)).bounding;
  expect(x).toBeGreaterThan(20);
  expect(y).toBeGreaterThan(50);
  expect((await savedNodes(page)).map(({ pos }) => pos)).toEqual([[40 + x, 60 + y], [300 + x, 60 + y], [620, 60], [40, 320]]);
}

test('nodes, notes and groups are resized by their corner; a group moves, hides and shows what is in it: one undo each', async ({ editor: page }) => {
  await ready(page);
  await openGraph(page, 'scene', scene, 4);
  const whole = await savedDocument(page);
  const isWhole = async (): Promise<void> => {
    await undo(page);
    expect(await savedDocument(page)).toEqual(whole);
  };

  await pull(page, node(page, 'Second').locator('.resizer'), 57, 43);
  expect((await savedNode(page, 'Second')).size[0]).toBe(260);
  expect((await savedNode(page, 'Second')).size[1]).toBeGreaterThan(70);
  await isWhole();
  await pull(page, node(page, 'Remark').locator('.resizer'), 100, 50);
  expect((await savedNode(page, 'Remark')).size).toEqual([300, 140]);
  await isWhole();
  const group = page.locator('.group-box');
  await pull(page, group.locator('.resizer'), 40, 60);
  expect((await savedGroup(page)).bounding).toEqual([0, 0, 580, 260]);
  await isWhole();

  await pull(page, group.locator('.group-title'), 50, 100);
  await isMoved(page);
  await isWhole();

  // Collapsed: only the title stands there, the link to outside ends at it.
  await group.locator('.group-title').click();
  await canvas(page).press('Alt+c');
  await expect(page.locator('.node')).toHaveCount(2);
  await expect(links(page)).toHaveCount(1);
  await expect(group).toContainText('Turned 2');
  expect((await savedGroup(page)).flags).toEqual({ collapsed: true });
  expect((await savedGroup(page)).bounding).toEqual([0, 0, 540, 200]);
  await pull(page, group.locator('.group-title'), 50, 100);
  await canvas(page).press('Alt+c');
  await expect(page.locator('.node')).toHaveCount(4);
  await isMoved(page);
  for (let i = 0; i < 2; i++) await undo(page);
  await isWhole();

  await group.locator('.group-title').click();
  await page.keyboard.press('i');
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByLabel('colour').fill('#aa3344');
  expect((await savedGroup(page)).color).toBe('#aa3344');
  await expect(group).toHaveCSS('border-top-color', 'rgb(170, 51, 68)');
  await details.getByLabel('title').fill('Upside down');
  expect((await savedGroup(page)).title).toBe('Upside down');
  await undo(page);
  await isWhole();
});

test('what goes through a bypassed node is drawn; aligning and spacing; each one undo', async ({ editor: page }) => {
  await openSmall(page);
  const wires = (title: string) => node(page, title).locator('.through-wires path');
  await selectNodes(page, 'LoRA');
  await page.keyboard.press('Control+b');
  await expect(wires('LoRA')).toHaveCount(2);
  const [from, to] = [await middleOf(input(node(page, 'LoRA'), 'clip')), await middleOf(output(node(page, 'LoRA'), 'CLIP'))];
  const wire = (await wires('LoRA').nth(1).boundingBox())!;
  expect(Math.abs(wire.x - from.x)).toBeLessThan(4);
  expect(Math.abs(wire.x + wire.width - to.x)).toBeLessThan(4);
  await page.keyboard.press('Control+m');
  await expect(wires('LoRA')).toHaveCount(0);
  await undo(page);
  await undo(page);
  await selectNodes(page, 'Sampler');
  await page.keyboard.press('Control+b');
  await expect(wires('Sampler')).toHaveCount(1); // the latent picture
  await undo(page);

  const whole = await savedDocument(page);
  const three = ['Prompt', 'Negative', 'Decode'];
  const boxes = async (): Promise<SavedNode[]> => (await savedNodes(page)).filter(({ title }) => three.includes(title ?? ''));
  await selectNodes(page, ...three);
  await command(page, 'Align: left');
  expect(new Set((await boxes()).map(({ pos }) => pos[0])).size).toBe(1);
  await undo(page);
  expect(await savedDocument(page)).toEqual(whole);
  await command(page, 'Align: bottom');
  expect(new Set((await boxes()).map(({ pos, size }) => Math.round(pos[1] + size[1]))).size).toBe(1);
  await undo(page);
  await command(page, 'Space evenly from left to right');
  const sorted = (await boxes()).sort((a, b) => a.pos[0] - b.pos[0]);
  const gaps = sorted.slice(1).map((one, i) => Math.round(one.pos[0] - sorted[i]!.pos[0] - sorted[i]!.size[0]));
  expect(Math.abs(gaps[0]! - gaps[1]!)).toBeLessThanOrEqual(1);
  await undo(page);
  expect(await savedDocument(page)).toEqual(whole);
});

test('a value becomes a socket and a value again; a node is replaced and keeps its links and values', async ({ editor: page }) => {
  await ready(page);
  await openGraph(page, 'values', {
    1: { class_type: 'EmptyImage', inputs: { width: 96, height: 64, batch_size: 1, color: 0 }, _meta: { title: 'Picture' } },
    2: { class_type: 'PrimitiveInt', inputs: { value: 128 }, _meta: { title: 'Number' } },
    3: { class_type: 'ImageScale', inputs: { image: ['1', 0], upscale_method: 'area', width: 200, height: 100, crop: 'center' }, _meta: { title: 'Scale' } },
    4: { class_type: 'SaveImage', inputs: { images: ['3', 0], filename_prefix: 'x' }, _meta: { title: 'Save' } },
  }, 4);
  const width = page.getByRole('spinbutton', { name: 'Picture: width' });
  await expect(width).toHaveValue('96');
  const before = await savedDocument(page);
  await drag(page, output(node(page, 'Number'), 'INT'), input(node(page, 'Picture'), 'width'));
  await expect(links(page)).toHaveCount(3);
  await expect(width).toBeDisabled();
  await selectNodes(page, 'Picture');
  await page.keyboard.press('i');
  const field = page.getByRole('complementary', { name: 'Details' }).locator('.detail-field').filter({ has: page.getByRole('spinbutton', { name: 'Picture: width' }) });
  await field.getByRole('button', { name: 'take its socket away' }).click();
  await expect(links(page)).toHaveCount(2);
  await expect(width.first()).toBeEnabled();
  await expect(width.first()).toHaveValue('96');
  expect((await savedNode(page, 'Picture')).inputs.map(({ name }) => name)).not.toContain('width');
  await field.getByRole('button', { name: 'give it a socket' }).click();
  expect((await savedNode(page, 'Picture')).inputs.map(({ name }) => name)).toContain('width');
  for (let i = 0; i < 3; i++) await undo(page);
  expect(await savedDocument(page)).toEqual(before);
  await page.getByRole('button', { name: 'Close details' }).click();

  await selectNodes(page, 'Scale');
  await command(page, 'Replace the node, keeping its links');
  await page.getByRole('combobox', { name: /Search/ }).fill('ImageScaleBy');
  await page.keyboard.press('Enter');
  await expect(page.locator('.node[data-type=ImageScaleBy]')).toBeVisible();
  await expect(links(page)).toHaveCount(2);
  await expect(page.locator('.node[data-type=ImageScaleBy]').getByRole('combobox', { name: /upscale_method/ })).toHaveText('area');
  await undo(page);
  expect(await savedDocument(page)).toEqual(before);
});
