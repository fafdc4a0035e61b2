// Scenario 27: after hundreds of edits and runs the page is as large as before.

import type { CDPSession } from '@playwright/test';
import { canvas, openGraph, ready } from './editor';
import { expect, test } from './test';

const EDITS = 500;
const RUNS = 50;

interface Size {
  heap: number;
  nodes: number;
  listeners: number;
}

async function sizeOf(devtools: CDPSession): Promise<Size> {
  for (let i = 0; i < 3; i++) await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((one) => one.name === name)?.value ?? NaN;
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

test(`${EDITS} edits and ${RUNS} runs leave nothing behind`, async ({ editor: page }) => {
  await ready(page);
  await openGraph(page, 'soak', {
    1: { class_type: 'EmptyImage', inputs: { width: 16, height: 16, batch_size: 1, color: 0 }, _meta: { title: 'Picture' } },
    2: { class_type: 'PreviewImage', inputs: { images: ['1', 0] }, _meta: { title: 'Preview' } },
  }, 2);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const field = page.getByRole('spinbutton', { name: 'Picture: color' });

  /** Edits of all kinds with keys, one a frame: what counts is what stays of them. */
  const edit = async (count: number): Promise<void> => {
    await canvas(page).focus();
    await page.evaluate(async ([rounds, keys]) => {
      for (let i = 0; i < rounds; i++) {
        for (const key of keys) {
          const [name, ...modifiers] = key.split('+').reverse();
          const has = (modifier: string): boolean => modifiers.includes(modifier);
          document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: name, ctrlKey: has('Control'), altKey: has('Alt'), bubbles: true, cancelable: true }));
          await new Promise(requestAnimationFrame);
        }
      }
    }, [count / 10, ['Control+a', 'Control+d', 'Alt+ArrowDown', 'Control+g', 'Delete', 'Control+z', 'Control+z', 'Control+z', 'Control+z', 'Control+y', 'Control+z']] as const);
    await expect(page.locator('.node')).toHaveCount(2);
    await expect(page.locator('.group-box')).toHaveCount(0);
  };
  const runs = async (count: number): Promise<void> => {
    await page.getByRole('spinbutton', { name: 'How often to run' }).fill('5');
    for (let i = 0; i < count; i += 5) {
      await field.press('ArrowUp');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
    }
    await expect(page.locator('.run-state')).toHaveCount(0, { timeout: 60_000 });
    await expect(page.locator('.node img')).toBeVisible();
  };
  const rest = async (): Promise<void> => {
    await canvas(page).focus();
    await page.keyboard.press('Escape');
    await expect(page.locator('.notice')).toHaveCount(0, { timeout: 20_000 });
    await page.waitForTimeout(700);
  };

  // Warm: all code has run once, caches are filled.
  await edit(20);
  await runs(5);
  await rest();
  const before = await sizeOf(devtools);
  await edit(EDITS);
  await runs(RUNS);
  await rest();
  const after = await sizeOf(devtools);
  console.log(`soak: heap ${(before.heap / 1e6).toFixed(1)} -> ${(after.heap / 1e6).toFixed(1)} MB, nodes ${before.nodes} -> ${after.nodes}, listeners ${before.listeners} -> ${after.listeners}`);
  expect(after.heap).toBeLessThanOrEqual(before.heap * 1.5);
  expect(after.nodes).toBeLessThanOrEqual(before.nodes * 1.1 + 50);
  expect(after.listeners).toBeLessThanOrEqual(before.listeners * 1.1 + 20);
});
