// Scenarios 6, 10 and 13: what is posted of bypassed and muted nodes, jobs that outlive all windows, the queue beside the
// server's own, previews, batches.

import type { Page } from '@playwright/test';
import { api, canvas, command, links, node, openFile, openSmall, ready } from './editor';
import { startServer } from './server';
import { expect, test, type Server } from './test';

type Steps = Record<string, { class_type: string; inputs: Record<string, unknown> }>;
interface JobRow { id: string; state: string; finished?: string; outputs?: { sha256: string }[] }

const queue = async (page: Page, server: Server): Promise<{ paused: boolean; queued: JobRow[]; running: JobRow[] }> =>
  (await (await page.request.get(`${server.url}/v1/queue`)).json()) as never;
const jobs = async (page: Page, server: Server): Promise<JobRow[]> =>
  ((await (await page.request.get(`${server.url}/v1/jobs?limit=100`)).json()) as { jobs: JobRow[] }).jobs;
const stepsOf = async (page: Page, server: Server, id: string): Promise<Steps> =>
  (await (await page.request.get(`${server.url}/v1/jobs/${id}/graph`)).json()) as Steps;
const run = async (page: Page): Promise<void> => {
  await canvas(page).focus();
  await page.keyboard.press('Control+Enter');
};
const finished = async (page: Page, server: Server, known: Set<string>): Promise<JobRow> => {
  let found: JobRow | undefined;
  await expect.poll(async () => {
    found = (await jobs(page, server)).find(({ id }) => !known.has(id));
    return found?.state;
  }, { timeout: 60_000 }).toBe('succeeded');
  known.add(found!.id);
  return found!;
};

test('bypassed and muted nodes: the steps that arrive are the expected ones, the pictures differ as they should; up to here', async ({ editor: page, server }) => {
  const known = new Set((await jobs(page, server)).map(({ id }) => id));
  await openSmall(page);
  await run(page);
  const plain = await finished(page, server, known);
  // Titles do not count, nor optional inputs that are given nothing.
  const plainSteps = (steps: Steps): Steps => Object.fromEntries(Object.entries(steps).map(([id, { class_type, inputs }]) =>
    [id, { class_type, inputs: Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null)) }]));
  const golden = plainSteps(api);
  const posted = async (job: JobRow): Promise<Steps> => plainSteps(await stepsOf(page, server, job.id));
  // The seed counts on after a run: the first one ran as opened.
  expect(await posted(plain)).toEqual(golden);

  await page.getByRole('spinbutton', { name: 'Sampler: seed' }).fill('3');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Sampler: seed: after each run' }).selectOption('fixed');
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+b');
  await run(page);
  const without = await finished(page, server, known);
  const { 10: _lora, ...others } = golden;
  const bypassed: Steps = structuredClone(others);
  for (const id of ['6', '7']) bypassed[id]!.inputs.clip = ['4', 1];
  bypassed['3']!.inputs.model = ['4', 0];
  expect(await posted(without)).toEqual(bypassed);
  expect(without.outputs![0]!.sha256).not.toBe(plain.outputs![0]!.sha256);

  // Back on: the picture of before, from the cache.
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+b');
  await run(page);
  expect((await finished(page, server, known)).outputs![0]!.sha256).toBe(plain.outputs![0]!.sha256);

  // A muted branch is not posted; what does not need it runs.
  await node(page, 'Decode').locator('.node-title').click();
  await page.keyboard.press('Control+d');
  await expect(page.locator('.node')).toHaveCount(9);
  await page.keyboard.press('Control+m');
  await run(page);
  expect(Object.keys(await posted(await finished(page, server, known))).sort()).toEqual(Object.keys(golden).sort());

  // Only what a node needs.
  await node(page, 'Prompt').locator('.node-title').click();
  await page.getByRole('textbox', { name: 'Prompt: text' }).fill('a lake');
  await node(page, 'Prompt').locator('.node-title').click();
  await command(page, 'Run up to the selected node');
  await finished(page, server, known);
  await expect(node(page, 'Prompt')).toHaveAttribute('data-state', 'done');
  await expect(node(page, 'Sampler')).not.toHaveAttribute('data-state', 'done');
});

test('previews of the running node; a second window sees the run; without any window it ends and is in the history', async ({ editor: page, context, server }) => {
  const known = new Set((await jobs(page, server)).map(({ id }) => id));
  // The second window is open before, and the run is long enough to be looked at on a machine with nothing else to do.
  const other = await context.newPage();
  await other.goto(server.url);
  await other.getByRole('button', { name: 'Jobs', exact: true }).click();
  await page.bringToFront();
  await openSmall(page);
  await page.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('100');
  await run(page);
  const preview = node(page, 'Sampler').getByRole('img', { name: 'Sampler: preview' });
  await expect(preview).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => preview.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await expect(page.locator('img[alt$=": preview"]')).toHaveCount(1);
  await expect(page).toHaveTitle(/^\d+ % - small/);
  await expect(other.locator('.job').first()).toContainText(/KSampler \d+ %/);
  await page.close();
  await other.close();
  const later = await context.newPage();
  const job = await finished(later, server, known);
  await later.goto(server.url);
  await expect(later.getByRole('complementary', { name: 'Jobs' })).toBeVisible();
  await expect(later.locator('.job').first()).toHaveAttribute('data-state', 'succeeded');
  await expect(later.locator('.job').first()).toContainText(/\d run, \d cached/);
  // The window that was closed left its graph; the job is still shown in it.
  await expect(later.getByRole('img', { name: /^Save: small_/ })).toBeVisible();
  expect(job.outputs).toHaveLength(1);
  await later.getByRole('button', { name: /^Delete .* and its files/ }).first().click();
  await expect.poll(async () => (await jobs(later, server)).some(({ id }) => id === job.id)).toBe(false);
});

test('seeds of a batch: fixed, counting up and down, at random', async ({ editor: page, server }) => {
  const known = new Set((await jobs(page, server)).map(({ id }) => id));
  await ready(page);
  await openFile(page, 'small.json', api);
  await expect(links(page)).toHaveCount(11);
  await page.request.patch(`${server.url}/v1/queue`, { data: { paused: true } });
  const seed = page.getByRole('spinbutton', { name: 'Sampler: seed' });
  const after = page.getByRole('combobox', { name: 'Sampler: seed: after each run' });
  await page.getByRole('spinbutton', { name: 'How often to run' }).fill('3');
  const seedsOfRun = async (control: string): Promise<unknown[]> => {
    await seed.fill('100');
    await page.keyboard.press('Enter');
    await after.selectOption(control);
    await run(page);
    await expect.poll(async () => (await queue(page, server)).queued.filter(({ id }) => !known.has(id)).length).toBe(3);
    const fresh = (await queue(page, server)).queued.filter(({ id }) => !known.has(id));
    for (const { id } of fresh) known.add(id);
    return Promise.all(fresh.map(async ({ id }) => (await stepsOf(page, server, id))['3']!.inputs.seed));
  };
  expect(await seedsOfRun('fixed')).toEqual([100, 100, 100]);
  await expect(seed).toHaveValue('100');
  expect(await seedsOfRun('increment')).toEqual([100, 101, 102]);
  await expect(seed).toHaveValue('103');
  expect(await seedsOfRun('decrement')).toEqual([100, 99, 98]);
  const random = await seedsOfRun('randomize');
  expect(random[0]).toBe(100);
  expect(new Set(random).size).toBe(3);
  await page.getByRole('spinbutton', { name: 'How often to run' }).fill('1');
  for (const { id } of (await queue(page, server)).queued) await page.request.delete(`${server.url}/v1/jobs/${id}`);
  await page.request.patch(`${server.url}/v1/queue`, { data: { paused: false } });
});

test('twenty jobs: cancel the 3rd, one to the front, delete the 5th, a restart between, clear; the list is the server\'s', async ({ page, watched }) => {
  watched.expected.push(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket|outside request/);
  const own = await startServer();
  const rows = page.locator('.job');
  // The panel has the newest above, the server's queue the next one first.
  const same = async (): Promise<void> => {
    await expect.poll(async () => {
      const server = (await jobs(page, own)).map(({ state }) => state);
      const panel = await rows.evaluateAll((all) => all.map((one) => one.getAttribute('data-state')));
      return JSON.stringify(server) === JSON.stringify(panel);
    }).toBe(true);
  };
  await page.goto(own.url);
  await openSmall(page);
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  await page.getByRole('button', { name: 'Pause the queue' }).click();
  await page.getByRole('spinbutton', { name: 'How often to run' }).fill('19');
  await page.getByRole('combobox', { name: 'Sampler: seed: after each run' }).selectOption('increment');
  await run(page);
  await expect(rows).toHaveCount(19);
  await page.getByRole('spinbutton', { name: 'How often to run' }).fill('1');
  await canvas(page).focus();
  await page.keyboard.press('Control+Shift+Enter');
  await expect(rows).toHaveCount(20);
  await same();
  const all = await jobs(page, own);
  // "Before all others": the job that came last is the first of the queue.
  expect((await queue(page, own)).queued[0]!.id).toBe(all[0]!.id);

  await rows.nth(2).getByRole('button', { name: /^Cancel/ }).click();
  await expect(rows.nth(2)).toHaveAttribute('data-state', 'cancelled');
  expect((await jobs(page, own)).find(({ id }) => id === all[2]!.id)!.state).toBe('cancelled');
  await rows.nth(7).getByRole('button', { name: /next$/ }).click();
  await expect.poll(async () => (await queue(page, own)).queued.findIndex(({ id }) => id === all[7]!.id)).toBeLessThanOrEqual(1);
  await same();

  // The server dies and comes back: nothing of the queue is lost, the page shows it again.
  await own.kill();
  await expect(page.getByText('The server does not answer. Nothing is lost')).toBeVisible();
  await own.start();
  await expect(page.getByText('The server does not answer. Nothing is lost')).toBeHidden({ timeout: 30_000 });
  expect((await queue(page, own)).queued).toHaveLength(19);
  await same();

  await rows.nth(4).getByRole('button', { name: /^Cancel/ }).click();
  await expect(rows.nth(4)).toHaveAttribute('data-state', 'cancelled');
  await rows.nth(4).getByRole('button', { name: /^Delete/ }).click();
  await expect(rows).toHaveCount(19);
  expect((await jobs(page, own)).some(({ id }) => id === all[4]!.id)).toBe(false);
  await same();

  for (const { id } of (await queue(page, own)).queued.slice(2)) await page.request.delete(`${own.url}/v1/jobs/${id}`);
  // The page learns of what others cancel within two seconds.
  await page.waitForTimeout(2500);
  await page.getByRole('button', { name: 'Let the queue go on' }).click();
  await expect(page.locator('.job[data-state=succeeded]')).toHaveCount(2, { timeout: 60_000 });
  await page.getByRole('button', { name: 'Remove finished jobs' }).click();
  const question = page.getByRole('dialog', { name: 'Remove finished jobs' });
  await expect(question).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(question).toHaveCount(0);
  await expect(page.locator('.job[data-state=succeeded]')).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove finished jobs' }).click();
  await question.getByRole('button', { name: 'Keep their files' }).click();
  await expect(rows).toHaveCount(0);
  await same();
  expect((await page.request.get(`${own.url}/view?filename=small_00001_.png`)).status()).toBe(200);
  await page.goto('about:blank');
  await own.stop();
  own.remove();
});
