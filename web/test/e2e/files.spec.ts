// Scenarios 12 and 16: files of all kinds, nothing lost; autosave outlives a killed browser.

import { chromium as browserType } from '@playwright/test';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from './environment';
import { addNode, canvas, links, openFile, openSmall, ready, savedDocument } from './editor';
import { expect, test } from './test';

const unknown = {
  last_node_id: 2, last_link_id: 1, version: 0.4, groups: [], config: { any: 'thing' }, extra: { ds: { scale: 1, offset: [0, 0] }, own: [1] },
  nodes: [
    { id: 1, type: 'SomethingNobodyKnows', pos: [0, 0], size: [240, 120], flags: {}, order: 0, mode: 0, inputs: [], outputs: [{ name: 'IMAGE', type: 'IMAGE', links: [1] }],
      properties: { kept: true }, widgets_values: ['<img src=x onerror=alert(1)>', 18446744073709551615n], title: '<img src=x onerror=alert(1)>', shape: 1 },
    { id: 2, type: 'SaveImage', pos: [320, 0], size: [270, 120], flags: {}, order: 1, mode: 0, inputs: [{ name: 'images', type: 'IMAGE', link: 1 }], outputs: [], properties: {}, widgets_values: ['x'] },
  ],
  links: [[1, 1, 0, 2, 0, 'IMAGE']],
};
const text = JSON.stringify(unknown, (_key, value: unknown) => (typeof value === 'bigint' ? `BIG${value}` : value)).replace(/"BIG(\d+)"/, '$1');

test('unknown nodes keep values, links and 64-bit numbers; titles never run as HTML', async ({ editor: page }) => {
  await ready(page);
  await openFile(page, 'unknown.json', text);
  await expect(page.locator('.node[data-unknown]')).toBeVisible();
  await expect(page.locator('.node img[src=x]')).toHaveCount(0);
  await expect(links(page)).toHaveCount(1);
  const download = page.waitForEvent('download');
  await canvas(page).press('Control+k');
  await page.getByRole('combobox', { name: /Search/ }).fill('Download as a file');
  await page.keyboard.press('Enter');
  const saved = readFileSync((await (await download).path())!, 'utf8');
  expect(saved.replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
});

test('a picture that was made opens as the graph that made it; broken files are refused in words', async ({ editor: page, server }) => {
  await openSmall(page);
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  const before = await savedDocument(page);
  const folder = join(server.data, 'output');
  const png = readFileSync(join(folder, readdirSync(folder).find((name) => name.startsWith('small'))!));
  await openFile(page, 'made.png', png);
  await expect(page.locator('.tab[data-active]')).toContainText('made');
  await expect(links(page)).toHaveCount(11);
  const after = await savedDocument(page);
  // The same graph; the seed has counted on since.
  expect((after.nodes as { type: string }[]).map(({ type }) => type)).toEqual((before.nodes as { type: string }[]).map(({ type }) => type));
  await openFile(page, 'broken.png', png.subarray(0, 60));
  await expect(page.locator('.notice').last()).toContainText(/png|picture|workflow/i);
  await openFile(page, 'none.json', '{"a": 1}');
  await expect(page.locator('.notice').last()).toContainText('no workflow');
});

/** Of the browser that has this profile: the one process that starts all others. */
function processesOf(profile: string): number[] {
  return readdirSync('/proc').map(Number).filter((id) => {
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      return id > 0 && words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith('--type='));
    } catch {
      return false; // ended meanwhile
    }
  });
}

test('a browser that is killed after an edit has the edit when it comes back', async ({ server }) => {
  const profile = mkdtempSync(join(tmpdir(), 'heddle-profile-'));
  const launch = () => browserType.launchPersistentContext(profile, {
    executablePath: chromium, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], viewport: { width: 1200, height: 800 },
  });
  const context = await launch();
  const page = await context.newPage();
  await page.goto(server.url);
  await ready(page);
  await addNode(page, 'EmptyLatentImage', 'Empty Latent Image');
  await page.getByRole('spinbutton', { name: 'Empty Latent Image: width' }).fill('776');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(400);
  // As a crash does: no handler of the page runs.
  const killed = processesOf(profile);
  expect(killed.length).toBeGreaterThan(0);
  for (const id of killed) process.kill(id, 'SIGKILL');
  await context.close().catch(() => undefined);

  const again = await launch();
  const restored = await again.newPage();
  await restored.goto(server.url);
  await expect(restored.getByRole('spinbutton', { name: 'Empty Latent Image: width' })).toHaveValue('776');
  await again.close();
  rmSync(profile, { recursive: true, force: true });
});
