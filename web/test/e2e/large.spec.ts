// Scenarios 17 and 30: large graphs and arranging. Counters decide (nodes in the page, changes of the page); times are
// measured by tests/bench/web.

import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { canvas, openFile, ready, savedDocument } from './editor';
import { repository } from './environment';
import { expect, test } from './test';

const COUNT = 1000;
const COLUMNS = 40;

/** A thousand nodes in a grid with two links each. */
function editorGraph(): object {
  const nodes = [];
  const links: unknown[] = [];
  for (let i = 0; i < COUNT; i++) {
    const id = i + 1;
    const inputs = ['image1', 'image2'].map((name, slot) => {
      const from = i - 1 - slot;
      if (from < 0) return { name, type: 'IMAGE', link: null };
      const link = links.length + 1;
      links.push([link, from + 1, 0, id, slot, 'IMAGE']);
      return { name, type: 'IMAGE', link };
    });
    nodes.push({ id, type: 'ImageBatch', pos: [(i % COLUMNS) * 300, Math.floor(i / COLUMNS) * 160], size: [220, 70], flags: {}, order: i, mode: 0, inputs, outputs: [{ name: 'IMAGE', type: 'IMAGE', links: [] as number[] }], properties: {} });
  }
  for (const [id, from] of links as number[][]) nodes[from! - 1]!.outputs[0]!.links.push(id!);
  return { last_node_id: COUNT, last_link_id: links.length, nodes, links, groups: [], config: {}, extra: {}, version: 0.4 };
}

interface Placed {
  id: number;
  pos: [number, number];
  size: [number, number];
}
const placed = async (page: Page): Promise<Placed[]> => (await savedDocument(page)).nodes as Placed[];
const afar = (page: Page) => page.locator('.afar[data-drawn]');

async function openLarge(page: Page): Promise<void> {
  await ready(page);
  await openFile(page, 'large.json', editorGraph());
  await expect(afar(page)).toBeVisible();
}

test('a thousand nodes are a picture from afar, of which one can be dragged and many selected', async ({ editor: page }) => {
  await openLarge(page);
  await expect(page.locator('.node')).toHaveCount(0);
  const picture = await afar(page).evaluate((element: HTMLCanvasElement) => {
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
  expect(picture).toBeGreaterThan(10_000);

  // The pointer finds a node in the picture; it is dragged as any other, in one step of undo.
  const before = await placed(page);
  const box = (await canvas(page).boundingBox())!;
  await page.mouse.move(box.x + 20, box.y + 20);
  const node = page.locator('.node');
  for (let x = box.x + 200; x < box.x + 600 && (await node.count()) === 0; x += 3) await page.mouse.move(x, box.y + box.height / 2);
  await expect(node).toHaveCount(1);
  const id = Number(await node.getAttribute('data-id'));
  const title = (await node.locator('.node-title').boundingBox())!;
  await page.mouse.move(title.x + title.width / 2, title.y + title.height / 2);
  await page.mouse.down();
  await page.mouse.move(title.x + 60, title.y + 40, { steps: 4 });
  await page.mouse.up();
  const after = await placed(page);
  expect(after.filter((one, i) => String(one.pos) !== String(before[i]!.pos)).map((one) => one.id)).toEqual([id]);
  await canvas(page).press('Control+z');
  expect(await placed(page)).toEqual(before);

  await page.keyboard.down('Shift');
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height - 5, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await page.keyboard.press('Delete');
  const left = (await placed(page)).length;
  expect(left).toBeGreaterThan(300);
  expect(left).toBeLessThan(700);
  await canvas(page).press('Control+z');
  expect(await placed(page)).toHaveLength(COUNT);
});

test('near by, only what is seen is in the page, and nothing moves when nothing happens; the overview map moves the view', async ({ editor: page }) => {
  await openLarge(page);
  await canvas(page).press('0');
  await expect(page.locator('.node').first()).toBeVisible();
  await expect(afar(page)).toHaveCount(0);
  await expect.poll(() => page.locator('.node').count()).toBeLessThan(120);
  const changesInASecond = (): Promise<number> => page.evaluate(async () => {
    let changes = 0;
    const observer = new MutationObserver((list) => (changes += list.length));
    observer.observe(document.querySelector('.react-flow')!, { subtree: true, childList: true, attributes: true, characterData: true });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    observer.disconnect();
    return changes;
  });
  // It comes to rest when the server has said what would run.
  await expect.poll(changesInASecond, { intervals: [0] }).toBe(0);

  const last = page.locator(`.node[data-id="${COUNT}"]`);
  await expect(last).toHaveCount(0);
  const map = (await page.locator('.minimap canvas').boundingBox())!;
  // The last node is at the right end of the lowest row.
  await page.mouse.move(map.x + map.width / 2, map.y + map.height / 2);
  await page.mouse.down();
  await page.mouse.move(map.x + map.width - 12, map.y + map.height / 2 + 30, { steps: 4 });
  await page.mouse.up();
  await expect(last).toBeVisible();
});

/** Pairs of boxes that lie over each other. */
function overlaps(boxes: { x: number; y: number; width: number; height: number }[]): number {
  const over = (a: (typeof boxes)[0], b: (typeof boxes)[0]): boolean =>
    a.x < b.x + b.width - 1 && b.x < a.x + a.width - 1 && a.y < b.y + b.height - 1 && b.y < a.y + a.height - 1;
  return boxes.reduce((sum, a, i) => sum + boxes.slice(i + 1).filter((b) => over(a, b)).length, 0);
}

for (const name of ['txt2img_lora', 'hires_reroutes', 'primitives']) {
  test(`${name} is arranged from left to right without overlaps, in one step of undo`, async ({ editor: page }) => {
    await ready(page);
    await openFile(page, `${name}.json`, readFileSync(`${repository}tests/golden/editor_workflows/${name}.json`, 'utf8'));
    await expect(page.locator('.node').first()).toBeVisible();
    const before = await savedDocument(page);
    await canvas(page).press('Alt+l');
    await expect.poll(async () => JSON.stringify(await placed(page)) !== JSON.stringify(before.nodes)).toBe(true);
    const nodes = await page.locator('.react-flow__node-step, .react-flow__node-note').evaluateAll((all) =>
      all.map((one) => one.getBoundingClientRect()).map(({ x, y, width, height }) => ({ x, y, width, height })));
    expect(nodes.length).toBeGreaterThan(5);
    expect(overlaps(nodes)).toBe(0);
    const now = new Map((await placed(page)).map(({ id, pos }) => [id, pos[0]]));
    for (const [, from, , to] of before.links as number[][]) expect(now.get(to!)!).toBeGreaterThan(now.get(from!)!);
    await canvas(page).press('Control+z');
    expect(await savedDocument(page)).toEqual(before);
  });
}

test('a thousand nodes are arranged in a worker, without overlaps, in one step of undo', async ({ editor: page }) => {
  await openLarge(page);
  const before = await placed(page);
  const worker = page.waitForEvent('worker');
  await canvas(page).press('Alt+l');
  await worker;
  // The page answers meanwhile.
  await canvas(page).press('/');
  await expect(page.getByRole('dialog', { name: 'Add a node' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect.poll(async () => JSON.stringify(await placed(page)) !== JSON.stringify(before), { timeout: 60_000, intervals: [1000] }).toBe(true);
  const boxes = (await placed(page)).map(({ pos, size }) => ({ x: pos[0], y: pos[1], width: size[0], height: size[1] }));
  expect(overlaps(boxes)).toBe(0);
  await canvas(page).press('Control+z');
  expect(await placed(page)).toEqual(before);
});
