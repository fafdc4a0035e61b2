// Scenarios 9, 11, 23 and 24: many events, failures, network trouble, servers that tell less or more.

import type { Page } from '@playwright/test';
import { api, canvas, node, openFile, openSmall, ready } from './editor';
import { mockJobs, mockSocket, tinyPng } from './mock';
import { expect, test } from './test';

const steps = ['4', '10', '5', '6', '7', '3', '8', '9'];
const early = {
  last_node_id: 1, last_link_id: 0, version: 0.4, groups: [], links: [],
  nodes: [{ id: 1, type: 'EmptyLatentImage', title: 'Early', pos: [0, 0], size: [270, 120], flags: {}, order: 0, mode: 0, inputs: [], outputs: [{ name: 'LATENT', type: 'LATENT', links: [] }], properties: {}, widgets_values: [72, 64, 1] }],
};
const run = async (page: Page): Promise<void> => {
  await canvas(page).focus();
  await page.keyboard.press('Control+Enter');
};

test('200 events and 10 previews a second: one node changes, once a frame, and no picture is left behind', async ({ page, server, watched }) => {
  void watched;
  await page.addInitScript(() => {
    const counts = { alive: 0, most: 0, frames: 0, changes: 0, others: 0 };
    Object.assign(window, { counts });
    const { createObjectURL, revokeObjectURL } = URL;
    URL.createObjectURL = (blob) => {
      counts.most = Math.max(counts.most, ++counts.alive);
      return createObjectURL.call(URL, blob);
    };
    URL.revokeObjectURL = (url) => {
      counts.alive--;
      revokeObjectURL.call(URL, url);
    };
  });
  const socket = await mockSocket(page);
  const jobs = await mockJobs(page);
  await page.goto(server.url);
  await openSmall(page);
  await run(page);
  await expect.poll(() => jobs.submitted.length).toBe(1);
  const id = jobs.submitted[0]!.id;
  const running = (value: number) => ({
    state: 'running', progress: { step: '3', node: 'KSampler', value, total: 600, fraction: value / 600 },
    steps: steps.map((step) => ({ id: step, node: 'x', state: step === '3' ? 'running' : 'waiting' })),
  });
  jobs.state.fields = running(0);
  socket.send({ type: 'execution_start', data: { prompt_id: id } });
  socket.send({ type: 'executing', data: { prompt_id: id, node: '3' } });
  socket.preview(tinyPng, { node_id: '3', prompt_id: id });
  await expect(node(page, 'Sampler').getByRole('img', { name: 'Sampler: preview' })).toBeVisible();
  await expect(node(page, 'Sampler').getByRole('progressbar')).toBeVisible();
  // From here on only one node has news; what the page asks the server for every two seconds tells nothing new.
  await expect(node(page, 'Save')).toHaveAttribute('data-state', 'waiting');

  await page.evaluate(() => {
    const { counts } = window as never as { counts: Record<'frames' | 'changes' | 'others', number> };
    const frame = (): void => {
      counts.frames++;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new MutationObserver((records) => {
      counts.changes++;
      counts.others += records.filter(({ target }) => {
        const article = (target instanceof Element ? target : target.parentElement)?.closest('article.node');
        return article?.getAttribute('data-id') !== '3';
      }).length;
    }).observe(document.querySelector('.react-flow__nodes')!, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  for (let tick = 1; tick <= 30; tick++) {
    for (let i = 0; i < 20; i++) socket.send({ type: 'progress', data: { prompt_id: id, node: '3', value: tick * 20 + i - 19, max: 600 } });
    jobs.state.fields = running(tick * 20);
    socket.preview(tinyPng, tick % 2 ? { node_id: '3', prompt_id: id } : undefined);
    await page.waitForTimeout(100);
  }
  await expect(node(page, 'Sampler').locator('.node-status')).toHaveText('600/600');
  const counts = await page.evaluate(() => (window as never as { counts: Record<string, number> }).counts);
  expect(counts.others).toBe(0);
  // Progress at most once a frame; each preview is a change of its own, and its picture loads in another.
  expect(counts.changes).toBeLessThanOrEqual(counts.frames! + 2 * 30);
  expect(counts.changes).toBeGreaterThan(5);
  expect(counts.most).toBeLessThanOrEqual(64);
  jobs.state.fields = { state: 'succeeded', steps: steps.map((step) => ({ id: step, node: 'x', state: 'finished', seconds: 0.1 })) };
  socket.send({ type: 'execution_success', data: { prompt_id: id } });
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'done');
  await expect.poll(() => page.evaluate(() => (window as never as { counts: Record<string, number> }).counts.alive)).toBe(0);
});

test('two problems at their fields and in the panel; then a failure with its traceback', async ({ page, server, watched }) => {
  void watched;
  const socket = await mockSocket(page);
  const jobs = await mockJobs(page);
  let problems: object[] = [];
  await page.route('**/v1/check', (route) => (problems.length === 0 ? route.fallback() : route.fulfill({ json: { ok: false, problems, warnings: [] } })));
  await page.goto(server.url);
  await openSmall(page);
  problems = [
    { step: '3', node: 'KSampler', socket: 'steps', kind: 'too_large', message: 'steps is far too large' },
    { step: '9', node: 'SaveImage', socket: 'filename_prefix', kind: 'bad_name', message: 'this name cannot be a file' },
  ];
  await run(page);
  const field = page.getByRole('spinbutton', { name: 'Sampler: steps' });
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(node(page, 'Sampler')).toContainText('steps is far too large');
  await expect(node(page, 'Save')).toContainText('this name cannot be a file');
  expect(jobs.submitted).toHaveLength(0);
  await page.getByRole('button', { name: 'Problems', exact: true }).click();
  const list = page.getByRole('list', { name: 'Problems' }).getByRole('button');
  await expect(list).toHaveCount(2);
  await list.nth(1).press('Enter');
  await expect(node(page, 'Save')).toHaveAttribute('data-selected');
  problems = [];
  await field.fill('3');
  await page.keyboard.press('Enter');
  await expect(field).not.toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByText('Nothing is wrong with this graph.')).toBeVisible();

  await run(page);
  await expect.poll(() => jobs.submitted.length).toBe(1);
  const id = jobs.submitted[0]!.id;
  const traceback = 'Traceback: line 1\n  line 2 of the failure';
  jobs.state.fields = { state: 'failed', steps: [{ id: '3', node: 'KSampler', state: 'failed' }], error: { step: '3', node: 'KSampler', message: 'out of memory', details: traceback } };
  socket.send({ type: 'execution_start', data: { prompt_id: id } });
  socket.send({ type: 'executing', data: { prompt_id: id, node: '3' } });
  socket.send({ type: 'execution_error', data: { prompt_id: id, node_id: '3', node_type: 'KSampler', exception_message: 'out of memory', exception_type: 'RuntimeError', traceback: [traceback] } });
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'failed');
  await expect(node(page, 'Sampler')).toContainText('out of memory');
  const details = page.locator('details', { hasText: 'Details of the failure' });
  await expect(details.locator('pre')).toBeHidden();
  await details.locator('summary').click();
  await expect(details.locator('pre')).toHaveText(traceback);
  await details.getByRole('button', { name: 'Copy' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(traceback);
  await field.fill('4');
  await page.keyboard.press('Enter');
  await expect(node(page, 'Sampler')).not.toContainText('out of memory');
});

test('a model file that is not there is said at its field, before and instead of running', async ({ editor: page }) => {
  await ready(page);
  const missing = { ...api, '4': { ...api['4'], inputs: { ckpt_name: 'gone.safetensors' } } };
  await openFile(page, 'missing.json', missing);
  const field = page.getByRole('combobox', { name: 'Checkpoint: ckpt_name' });
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await run(page);
  await expect(node(page, 'Checkpoint').locator('.field-error')).toContainText('gone.safetensors');
  await expect(page.locator('.notice[data-kind=error]')).toContainText('gone.safetensors');
  await field.click();
  await page.getByRole('option', { name: /pocket/ }).click();
  await expect(node(page, 'Checkpoint').locator('.field-error')).toHaveCount(0);
  await expect(field).not.toHaveAttribute('aria-invalid', 'true');
});

test('slow declarations, a dropped socket, a server that fails, other declarations: no edit is lost', async ({ page, server, watched }) => {
  watched.expected.push(/status of 500/);
  const socket = await mockSocket(page);
  const jobs = await mockJobs(page);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let rename = false;
  await page.route('**/object_info', async (route) => {
    await held;
    const text = await (await route.fetch()).text();
    return route.fulfill({ contentType: 'application/json', body: rename ? text.replaceAll('"display_name": "KSampler"', '"display_name": "Sampler of tomorrow"') : text });
  });
  await page.goto(server.url);
  // Before the declarations are there, the editor's own files can be opened and edited already; steps wait for them.
  await openFile(page, 'early.json', early);
  await expect(node(page, 'Early')).toHaveAttribute('data-unknown', '');
  await node(page, 'Early').locator('.node-title').click();
  await page.keyboard.press('Control+d');
  await expect(page.locator('.node')).toHaveCount(2);
  await openFile(page, 'small.json', api);
  await expect(page.locator('.notice')).toContainText('as soon as the server');
  release();
  await expect(page.locator('.tab')).toHaveText(['early', 'small']);
  await page.getByRole('button', { name: /^early/ }).click();
  await expect(page.getByRole('spinbutton', { name: 'Early: width' })).toHaveCount(2);
  await expect(page.getByRole('spinbutton', { name: 'Early: width' }).first()).toHaveValue('72');
  await page.getByRole('button', { name: /^small/ }).click();
  await expect(page.getByRole('spinbutton', { name: 'Sampler: seed' })).toHaveValue('3');
  await page.getByRole('spinbutton', { name: 'Sampler: seed' }).fill('18446744073709551614');
  await page.keyboard.press('Enter');

  socket.close();
  await expect(page.getByText('The server does not answer. Nothing is lost')).toBeVisible();
  await expect.poll(() => socket.connections()).toBe(2);
  await expect(page.getByText('The server does not answer. Nothing is lost')).toBeHidden();

  jobs.state.refusal = { status: 500, body: { detail: 'the disk is full' } };
  await run(page);
  await expect(page.locator('.notice[data-kind=error]')).toContainText('the disk is full');
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'idle');
  jobs.state.refusal = undefined;
  await run(page);
  await expect.poll(() => jobs.submitted.length).toBe(1);
  expect(JSON.stringify(jobs.submitted[0]!.graph)).toContain('small');

  rename = true;
  await canvas(page).press('r');
  await canvas(page).press('/');
  await page.keyboard.type('of tomorrow');
  await expect(page.locator('[role=option]').first()).toContainText('Sampler of tomorrow');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('spinbutton', { name: 'Sampler: seed' })).toHaveValue('18446744073709551614');
});

test('a server that tells less (no states, no features) and more (fields and messages of its own)', async ({ page, server, watched }) => {
  watched.expected.push(/features/);
  const socket = await mockSocket(page);
  const jobs = await mockJobs(page);
  await page.route('**/features', (route) => route.fulfill({ status: 404, body: '' }));
  await page.route('**/object_info', async (route) => {
    const json = (await (await route.fetch()).json()) as Record<string, Record<string, unknown>>;
    for (const declaration of Object.values(json)) Object.assign(declaration, { price_badge: { a: [1] }, api_node: false, of_tomorrow: null });
    return route.fulfill({ json });
  });
  await page.goto(server.url);
  await openSmall(page);
  await run(page);
  await expect.poll(() => jobs.submitted.length).toBe(1);
  const id = jobs.submitted[0]!.id;
  jobs.state.fields = { state: 'running', steps: [] };
  socket.send({ type: 'crystools.monitor', data: { cpu: 3 } });
  socket.send({ type: 'execution_start', data: { prompt_id: id, timestamp: 1, more: {} } });
  socket.send({ type: 'execution_cached', data: { prompt_id: id, nodes: ['4', '10'], timestamp: 1 } });
  for (const step of ['5', '3']) socket.send({ type: 'executing', data: { prompt_id: id, node: step, display_node: step } });
  await expect(node(page, 'LoRA')).toHaveAttribute('data-state', 'cached');
  await expect(node(page, 'Size')).toHaveAttribute('data-state', 'done');
  socket.send({ type: 'progress', data: { prompt_id: id, node: '3', value: 1, max: 2 } });
  await expect(node(page, 'Sampler').locator('.node-status')).toHaveText('1/2');
  socket.send({ type: 'executing', data: { prompt_id: id, node: '9' } });
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'done');
  socket.send({ type: 'executed', data: { prompt_id: id, node: '9', output: { text: ['made of words'], images: [] } } });
  await expect(node(page, 'Save')).toContainText('made of words');
  jobs.state.fields = { state: 'succeeded', steps: [] };
  socket.send({ type: 'execution_success', data: { prompt_id: id } });
  await expect(page.getByRole('button', { name: 'Cancel the run of this graph' })).toHaveCount(0);
});
