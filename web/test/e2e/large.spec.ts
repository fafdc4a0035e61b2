// Scenarios 17 and 30: large graphs. Counters decide (nodes in the page, changes of the page); times are reported.

import { canvas, openFile, ready } from './editor';
import { expect, test } from './test';

const COUNT = 1000;

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
    nodes.push({ id, type: 'ImageBatch', pos: [(i % 40) * 300, Math.floor(i / 40) * 160], size: [220, 70], flags: {}, order: i, mode: 0, inputs, outputs: [{ name: 'IMAGE', type: 'IMAGE', links: [] as number[] }], properties: {} });
  }
  for (const [id, from] of links as number[][]) nodes[from! - 1]!.outputs[0]!.links.push(id!);
  return { last_node_id: COUNT, last_link_id: links.length, nodes, links, groups: [], config: {}, extra: {}, version: 0.4 };
}

test('a thousand nodes open, pan and zoom; only what is seen is in the page', async ({ editor: page }) => {
  await ready(page);
  const began = Date.now();
  await openFile(page, 'large.json', editorGraph());
  await expect(page.locator('.node').first()).toBeVisible();
  const opened = Date.now() - began;
  await canvas(page).press('0');
  await page.waitForTimeout(600);
  const mounted = await page.locator('.node').count();
  expect(mounted).toBeLessThan(80);

  const frames = await page.evaluate(async () => {
    const pane = document.querySelector('.react-flow__pane')!;
    const times: number[] = [];
    const at = (type: string, x: number): void => {
      const event = new MouseEvent(type, { bubbles: true, cancelable: true, clientX: x, clientY: 700, button: 0, buttons: 1, view: window });
      (type === 'mousedown' ? pane : window).dispatchEvent(event);
    };
    at('mousedown', 900);
    let before = performance.now();
    for (let i = 0; i < 90; i++) {
      at('mousemove', 900 - i * 6);
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - before);
      before = now;
    }
    at('mouseup', 360);
    return times.sort((a, b) => a - b);
  });
  const part = (share: number): string => frames[Math.floor(frames.length * share)]!.toFixed(1);
  console.log(`large graph: opened in ${opened} ms; ${mounted} nodes mounted; pan p50 ${part(0.5)} ms, p95 ${part(0.95)} ms a frame`);
});

test('nothing moves when nothing happens', async ({ editor: page }) => {
  await ready(page);
  await openFile(page, 'large.json', editorGraph());
  await expect(page.locator('.node').first()).toBeVisible();
  await canvas(page).press('0');
  await page.waitForTimeout(1500);
  const idle = await page.evaluate(async () => {
    let changes = 0;
    const observer = new MutationObserver((list) => (changes += list.length));
    observer.observe(document.querySelector('.react-flow')!, { subtree: true, childList: true, attributes: true, characterData: true });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    observer.disconnect();
    return changes;
  });
  expect(idle).toBe(0);
});
