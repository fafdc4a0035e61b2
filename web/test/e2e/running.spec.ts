// Scenarios 9 to 13 and 23: problems at the field, jobs, reload during a run, a server that goes away.

import { canvas, node, openSmall, ready } from './editor';
import { startServer } from './server';
import { expect, test } from './test';

test('a problem stands at its field and in the panel, which leads to it; nothing runs; fixing clears it', async ({ editor: page }) => {
  await openSmall(page);
  await node(page, 'Decode').locator('.node-title').click();
  await page.keyboard.press('Delete');
  await page.keyboard.press('Control+Enter');
  await expect(node(page, 'Save')).toHaveAttribute('data-state', 'problem');
  await canvas(page).press('Alt+p');
  const problem = page.getByRole('list', { name: 'Problems' }).getByRole('button').first();
  await expect(problem).toContainText('Save: images');
  await problem.click();
  await expect(node(page, 'Save')).toHaveAttribute('data-selected');
  await canvas(page).press('Control+z');
  await expect(node(page, 'Save')).not.toHaveAttribute('data-state', 'problem');
});

test('a job that runs while the page reloads is picked up again, and shown in a second window', async ({ editor: page, context, server }) => {
  await openSmall(page);
  await page.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('300');
  await page.keyboard.press('Control+Enter');
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'running', { timeout: 30_000 });
  await page.reload();
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'running');
  await expect(node(page, 'Sampler').getByRole('progressbar')).toBeVisible();
  const other = await context.newPage();
  await other.goto(server.url);
  await other.getByRole('button', { name: 'Jobs', exact: true }).click();
  await expect(other.locator('.job').first()).toHaveAttribute('data-state', 'running');
  await other.locator('.job').first().getByRole('button', { name: /^Cancel/ }).click();
  await expect(other.locator('.job').first()).toHaveAttribute('data-state', 'cancelled');
  await expect(page.getByRole('button', { name: 'Cancel the run of this graph' })).toHaveCount(0);
});

test('the queue: pause, move to the front, cancel one, remove, run again, open its graph', async ({ editor: page }) => {
  await openSmall(page);
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  await page.getByRole('button', { name: 'Pause the queue' }).click();
  await expect(page.getByRole('button', { name: 'Let the queue go on' })).toBeVisible();
  await page.getByRole('spinbutton', { name: 'How often to run' }).fill('3');
  await page.getByRole('combobox', { name: 'Sampler: seed: after each run' }).selectOption('increment');
  await canvas(page).focus();
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.job[data-state=queued]')).toHaveCount(3);
  await expect(page.getByRole('spinbutton', { name: 'Sampler: seed' })).toHaveValue('6');
  await page.locator('.job[data-state=queued]').first().getByRole('button', { name: /^Cancel/ }).click();
  await expect(page.locator('.job[data-state=queued]')).toHaveCount(2);
  await page.getByRole('button', { name: 'Let the queue go on' }).click();
  await expect(page.locator('.job[data-state=succeeded]').nth(1)).toBeVisible({ timeout: 60_000 });
  const tabs = await page.locator('.tab').count();
  await page.locator('.job[data-state=succeeded]').first().getByRole('button', { name: /^Open the graph/ }).click();
  await expect(page.locator('.tab')).toHaveCount(tabs + 1);
});

test('a server that goes away: banner, the job is sent when it is back, no edit is lost', async ({ page, watched }) => {
  const own = await startServer();
  watched.expected.push(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket|outside request/);
  await page.goto(own.url);
  await openSmall(page);
  await own.stop();
  await expect(page.getByText('The server does not answer. Nothing is lost')).toBeVisible();
  await page.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('3');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.notice', { hasText: 'The job is sent as soon as it is back.' })).toBeVisible();
  await own.start();
  await expect(page.locator('.notice', { hasText: 'The server is back.' })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('spinbutton', { name: 'Sampler: steps' })).toHaveValue('3');
  await own.stop();
  own.remove();
});

test('pictures: viewer with keys, comparing by keys, the graph of a picture', async ({ editor: page }) => {
  await ready(page);
  await openSmall(page);
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('spinbutton', { name: 'Sampler: seed' }).fill('99');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Gallery', exact: true }).click();
  await expect(page.locator('.gallery li').nth(1)).toBeVisible({ timeout: 60_000 });
  await page.locator('.gallery button').first().click();
  const viewer = page.getByRole('dialog');
  const first = await viewer.getAttribute('aria-label');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('dialog')).not.toHaveAttribute('aria-label', first!);
  await page.keyboard.press('Escape');
  for (const i of [0, 1]) await page.locator('.gallery input').nth(i).check();
  await page.getByRole('button', { name: 'Compare' }).click();
  const slider = page.getByRole('slider');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await expect(slider).toHaveValue('51');
});
