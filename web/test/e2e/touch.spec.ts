// Scenario 21: fingers only, on a tablet: pinch, tap and tap to link, the long press, a run.

import type { CDPSession, Locator, Page } from '@playwright/test';
import { canvas, input, links, node, openGraph, output, ready } from './editor';
import { expect, test } from './test';

test.use({ hasTouch: true, viewport: { width: 820, height: 1180 } });

interface Finger {
  x: number;
  y: number;
}

async function fingers(devtools: CDPSession, ...steps: Finger[][]): Promise<void> {
  for (const [i, touchPoints] of steps.entries()) {
    await devtools.send('Input.dispatchTouchEvent', { type: i === 0 ? 'touchStart' : 'touchMove', touchPoints });
  }
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

const zoomOf = (page: Page): Promise<number> => page.locator('.react-flow__viewport').evaluate((one) => new DOMMatrix(getComputedStyle(one).transform).a);

async function middle(of: Locator): Promise<Finger> {
  const { x, y, width, height } = (await of.boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

test('a picture by touch alone on a tablet', async ({ editor: page }) => {
  await ready(page);
  await page.evaluate(() => window.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') document.body.setAttribute('data-mouse', event.pointerType);
  }, true));
  const devtools = await page.context().newCDPSession(page);
  // The starter is a whole txt2img graph; its last link is taken away and drawn anew.
  await openGraph(page, 'parts', {
    1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'pocket.safetensors' }, _meta: { title: 'Model' } },
    2: { class_type: 'CLIPTextEncode', inputs: { text: 'a house', clip: ['1', 1] }, _meta: { title: 'Prompt' } },
    3: { class_type: 'CLIPTextEncode', inputs: { text: '', clip: ['1', 1] }, _meta: { title: 'Negative' } },
    4: { class_type: 'EmptyLatentImage', inputs: { width: 64, height: 64, batch_size: 1 }, _meta: { title: 'Size' } },
    5: { class_type: 'KSampler', inputs: { seed: 3, steps: 2, cfg: 5, sampler_name: 'euler', scheduler: 'normal', denoise: 1, model: ['1', 0], positive: ['2', 0], negative: ['3', 0], latent_image: ['4', 0] }, _meta: { title: 'Sampler' } },
    6: { class_type: 'VAEDecode', inputs: { samples: ['5', 0] }, _meta: { title: 'Decode' } },
    7: { class_type: 'SaveImage', inputs: { filename_prefix: 'touched' }, _meta: { title: 'Save' } },
  }, 7);
  await page.locator('.canvas').focus();
  await page.keyboard.press('.');
  await page.waitForTimeout(400);

  // Two fingers zoom about the point between them.
  const box = (await canvas(page).boundingBox())!;
  const centre = { x: box.x + box.width / 2, y: box.y + 140 };
  const before = await zoomOf(page);
  const under = (): Promise<Finger> => page.evaluate(({ x, y }) => {
    const flow = document.querySelector('.react-flow')!.getBoundingClientRect();
    const { a, e, f } = new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')!).transform);
    return { x: (x - flow.x - e) / a, y: (y - flow.y - f) / a };
  }, centre);
  const place = await under();
  const apart = (distance: number): Finger[] => [{ x: centre.x - distance, y: centre.y }, { x: centre.x + distance, y: centre.y }];
  await fingers(devtools, apart(40), apart(50), apart(60), apart(70), apart(80));
  const zoom = await zoomOf(page);
  expect(zoom).toBeGreaterThan(before * 1.5);
  const now = await under();
  expect(Math.hypot(now.x - place.x, now.y - place.y) * zoom).toBeLessThan(4);
  // One finger moves the graph.
  await fingers(devtools, [centre], [{ x: centre.x + 30, y: centre.y }], [{ x: centre.x + 60, y: centre.y + 20 }]);
  expect((await under()).x).toBeLessThan(now.x);
  await fingers(devtools, apart(80), apart(70), apart(60), apart(50), apart(40));
  await page.locator('.canvas').focus();
  await page.keyboard.press('.');
  await page.waitForTimeout(400);

  // Tap an output, then an input.
  for (const [from, to] of [[output(node(page, 'Decode'), 'IMAGE'), input(node(page, 'Save'), 'images')], [output(node(page, 'Model'), 'VAE'), input(node(page, 'Decode'), 'vae')]] as const) {
    const count = await links(page).count();
    await from.tap();
    await to.tap();
    await expect(links(page)).toHaveCount(count + 1);
  }

  // A long press opens the menu of what is under it.
  const title = await middle(node(page, 'Negative').locator('.node-title'));
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [title] });
  await expect(page.getByRole('dialog', { name: 'Menu' })).toBeVisible();
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await page.getByRole('option', { name: /^Collapse/ }).tap();
  await expect(node(page, 'Negative').locator('textarea')).toHaveCount(0);

  await page.getByRole('button', { name: 'Run', exact: true }).tap();
  await expect(page.getByRole('img', { name: /^Save: touched_/ })).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('body')).not.toHaveAttribute('data-mouse');
});
