// Scenarios 15 and 16: the form, pipelines with their revisions, links to them; saving that never writes over another's work.

import { canvas, command, links, node, openFile, openSmall, ready, savedDocument, api } from './editor';
import { expect, test } from './test';
import type { Page } from '@playwright/test';

const details = (page: Page) => page.getByRole('complementary', { name: 'Details' });

async function expose(page: Page, title: string, field: string): Promise<void> {
  await node(page, title).locator('.node-title').click();
  await details(page).locator('.detail-field', { has: page.getByLabel(`${title}: ${field}`, { exact: true }) }).getByLabel('in the form').check();
}

const formLabels = (page: Page) => page.getByRole('form', { name: 'Form' }).locator('.widget [aria-label]:not(button, select)').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));

test('a form of four fields, run at 320 px with large text; a pipeline of it, its revisions, a link to it', async ({ editor: page, context, server }) => {
  await openSmall(page);
  await page.keyboard.press('i');
  for (const [title, field] of [['Prompt', 'text'], ['Sampler', 'seed'], ['Sampler', 'steps'], ['LoRA', 'strength_model']] as const) await expose(page, title, field);
  await page.getByRole('button', { name: 'Close details' }).click();
  await page.getByRole('button', { name: 'Form', exact: true }).click();
  const form = page.getByRole('form', { name: 'Form' });
  await form.getByRole('button', { name: /^Move LoRA strength_model up/ }).click();
  const order = ['Prompt text: text', 'Sampler seed: seed', 'LoRA strength_model: strength_model', 'Sampler steps: steps'];
  await expect.poll(() => formLabels(page)).toEqual(order);
  await page.waitForTimeout(300);
  await page.reload();
  await expect.poll(() => formLabels(page)).toEqual(order);

  await page.setViewportSize({ width: 320, height: 640 });
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await form.getByRole('textbox', { name: 'Prompt text: text' }).fill('ink style, a red house');
  await form.getByRole('spinbutton', { name: 'Sampler seed: seed' }).fill('11');
  await form.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('img', { name: /^Result: small_/ })).toBeVisible({ timeout: 60_000 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  await page.setViewportSize({ width: 1400, height: 900 });
  await page.evaluate(() => (document.documentElement.style.fontSize = ''));

  // The prompt is changed after the run: what is saved is what is shown.
  await form.getByRole('textbox', { name: 'Prompt text: text' }).fill('ink style, a green house');
  const savePipeline = async (): Promise<void> => {
    await command(page, 'Save as a pipeline');
    await page.getByRole('textbox', { name: 'Name of the pipeline' }).fill('houses');
    await page.keyboard.press('Enter');
    await expect(page.locator('.notice', { hasText: 'Saved as the pipeline houses.' }).last()).toBeVisible();
  };
  await savePipeline();
  const { document: first } = (await (await page.request.get(`${server.url}/v1/pipelines/houses`)).json()) as { document: Record<string, Record<string, Record<string, unknown>>> };
  expect(Object.keys(first.inputs!)).toEqual(['prompt_text', 'sampler_seed', 'lora_strength_model', 'sampler_steps']);
  expect(first.inputs!.prompt_text).toMatchObject({ type: 'STRING', default: 'ink style, a green house', to: ['6.text'] });
  expect(first.inputs!.sampler_steps).toMatchObject({ type: 'INT', min: 1 });
  expect(first.outputs).toEqual({ images: ['8', 0] });
  expect((first.graph!['6'] as { inputs: { text: string } }).inputs.text).toBe('ink style, a green house');
  // It runs as a function, with other inputs.
  const ran = await page.request.post(`${server.url}/v1/pipelines/houses/runs?wait=60`, { data: { inputs: { sampler_steps: 1 } } });
  expect((await ran.json() as { state: string }).state).toBe('succeeded');

  await form.getByRole('spinbutton', { name: 'Sampler steps: steps' }).fill('1');
  await page.keyboard.press('Enter');
  await savePipeline();
  await page.getByRole('button', { name: 'Workflows', exact: true }).click();
  await page.getByRole('button', { name: 'Revisions of houses' }).click();
  const revisions = page.getByRole('list', { name: 'Revisions of houses' }).getByRole('listitem');
  await expect(revisions).toHaveCount(2);
  await page.getByRole('button', { name: 'What changed in revision 2 of houses' }).click();
  const changes = page.getByRole('dialog').getByRole('listitem');
  await expect(changes).toHaveText(['Input sampler_steps: default 2 → 1', 'Sampler: steps 2 → 1']);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Restore revision 1 of houses' }).click();
  await expect(revisions).toHaveCount(3);
  const { document: third } = (await (await page.request.get(`${server.url}/v1/pipelines/houses@3`)).json()) as { document: unknown };
  expect(third).toEqual(first);

  // The address on the clipboard opens it in another window.
  const entry = page.getByRole('list', { name: 'Pipelines' }).getByRole('listitem').filter({ hasText: 'houses' }).first();
  await entry.getByRole('button', { name: /^Copy the address of/ }).click();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  expect(address).toBe(`${server.url}/#pipeline=houses`);
  const other = await context.newPage();
  await other.goto(address);
  await expect(links(other)).toHaveCount(11);
  await expect(other.getByRole('textbox', { name: 'Prompt: text' })).toHaveValue('ink style, a green house');
  await expect(other).toHaveURL(`${server.url}/`);
  await other.close();
  await page.request.delete(`${server.url}/v1/pipelines/houses`);
});

test('a graph that was rebuilt since its run is not saved as a pipeline of that run', async ({ editor: page }) => {
  await openSmall(page);
  await command(page, 'Save as a pipeline');
  await expect(page.locator('.notice').last()).toContainText('Run the graph first');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+b');
  await command(page, 'Save as a pipeline');
  await expect(page.locator('.notice').last()).toContainText('has changed since its last run');
});

test('two windows save the same workflow: the second is asked, and nothing is written over', async ({ editor: page, context, server }) => {
  await openSmall(page);
  const save = async (of: Page): Promise<void> => {
    await canvas(of).focus();
    await of.keyboard.press('Control+s');
  };
  await save(page);
  await page.getByRole('textbox', { name: 'Name of the workflow' }).fill('shared');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Saved as shared.').first()).toBeVisible();

  const other = await context.newPage();
  await other.goto(`${server.url}/#workflow=shared`);
  await expect(links(other)).toHaveCount(11);
  await other.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('9');
  await other.keyboard.press('Enter');
  await save(other);
  await expect(other.getByText('Saved as shared.').first()).toBeVisible();

  await page.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('5');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(300);
  await page.reload(); // what was opened is remembered with the document
  await expect(page.getByRole('spinbutton', { name: 'Sampler: steps' })).toHaveValue('5');
  await save(page);
  const question = page.getByRole('dialog', { name: 'shared is there already' });
  await expect(question).toContainText('saved by another window');
  const stored = async (): Promise<string> => (await page.request.get(`${server.url}/userdata/workflows%2Fshared.json`)).text();
  expect(await stored()).toMatch(/\n\s+9,/);
  await page.keyboard.press('Escape');
  await expect(question).toHaveCount(0);
  expect(await stored()).toMatch(/\n\s+9,/);
  await save(page);
  await question.getByRole('button', { name: 'Open the other one' }).click();
  await expect(page.locator('.tab[data-active]')).toContainText('shared (on the server)');
  await expect(page.getByRole('spinbutton', { name: 'Sampler: steps' })).toHaveValue('9');
  await page.getByRole('button', { name: /^shared(?! \(on)/ }).first().click();
  await save(page);
  await question.getByRole('button', { name: 'Replace it' }).click();
  await expect(page.getByText('Saved as shared.').last()).toBeVisible();
  expect(await stored()).toMatch(/\n\s+5,/);
  // Without another's change it is not asked again.
  await page.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('6');
  await page.keyboard.press('Enter');
  await save(page);
  await expect.poll(stored).toMatch(/\n\s+6,/);
  await expect(question).toHaveCount(0);
  await other.close();
});

test('what changed: since the last run, and from a job of before', async ({ editor: page }) => {
  await ready(page);
  await openFile(page, 'small.json', api);
  await expect(links(page)).toHaveCount(11);
  await page.getByRole('combobox', { name: 'Sampler: seed: after each run' }).selectOption('increment');
  await canvas(page).focus();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('textbox', { name: 'Prompt: text' }).fill('a tower');
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+b');
  await command(page, 'What changed since the last run');
  const lines = page.getByRole('dialog').getByRole('listitem');
  const expected = ['Sampler: seed 3 → 4', 'Prompt: text "ink style, a castle" → "a tower"', 'LoRA: on → bypassed'];
  await expect.poll(async () => (await lines.allTextContents()).sort()).toEqual([...expected].sort());
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  await page.locator('.job').first().getByRole('button', { name: /^What is different/ }).click();
  await expect.poll(async () => (await lines.allTextContents()).sort()).toEqual([...expected].sort());
  await page.keyboard.press('Escape');
  // Its graph opens as it was drawn: with the seed that ran, at the places where the nodes stood.
  const before = await savedDocument(page);
  await page.locator('.job').first().getByRole('button', { name: /^Open the graph/ }).click();
  await expect(page.getByRole('spinbutton', { name: 'Sampler: seed' })).toHaveValue('3');
  const after = await savedDocument(page);
  const places = (document: Record<string, unknown>): unknown => (document.nodes as { id: number; pos: unknown }[]).map(({ id, pos }) => [id, pos]);
  expect(places(after)).toEqual(places(before));
});
