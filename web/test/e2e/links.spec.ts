// Scenarios 3 to 5, 7 and 8: links by drag, drop on the canvas, insertion, knife, reroutes, groups, copies, subgraphs; each is
// one undo.

import type { Locator, Page } from '@playwright/test';
import { addNode, api, canvas, command, drag, emptySpot, input, links, middleOf, node, openGraph, openSmall, output, ready, savedDocument, selectNodes, shape, undo } from './editor';
import { expect, test } from './test';

interface Definition {
  name: string;
  display_name: string;
  input: { required?: Record<string, unknown[]>; optional?: Record<string, unknown[]> };
}

const objectInfo = async (page: Page, url: string): Promise<Record<string, Definition>> =>
  (await (await page.request.get(`${url}/object_info`)).json()) as Record<string, Definition>;

const inputsOf = ({ input: { required, optional } }: Definition): { name: string; type: string }[] =>
  Object.entries({ ...required, ...optional }).map(([name, [type]]) => ({ name, type: typeof type === 'string' ? type : 'COMBO' }));

const fits = (output: string, input: string): boolean => input === '*' || input.split(',').includes(output);

test('only fitting sockets light up, a wrong drop says why and offers a converter, a circle is refused, Escape cancels', async ({ editor: page, server }) => {
  await openSmall(page);
  const definitions = await objectInfo(page, server.url);
  const press = async (from: Locator): Promise<void> => {
    const at = await middleOf(from);
    await page.mouse.move(at.x, at.y);
    await page.mouse.down();
    await page.mouse.move(at.x + 30, at.y + 60, { steps: 3 });
  };
  // The set that lights up is the one that the declarations say.
  for (const [from, type] of [[output(node(page, 'Decode'), 'IMAGE'), 'IMAGE'], [output(node(page, 'Checkpoint'), 'CLIP'), 'CLIP']] as const) {
    await press(from);
    const lit = await page.locator('.react-flow__handle.target[data-compat=yes]').evaluateAll((all) => all.map((one) => `${one.getAttribute('data-nodeid')} ${one.getAttribute('data-handleid')!.slice(2)}`));
    const fitting = Object.entries(api).flatMap(([id, { class_type }]) => inputsOf(definitions[class_type]!).filter((one) => fits(type, one.type)).map((one) => `${id} ${one.name}`));
    expect(lit.sort()).toEqual(fitting.sort());
    await page.keyboard.press('Escape');
    await expect(page.locator('[data-compat]')).toHaveCount(0);
    await page.mouse.up();
  }
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(links(page)).toHaveCount(11);

  await drag(page, output(node(page, 'Decode'), 'IMAGE'), input(node(page, 'Sampler'), 'latent_image'));
  await expect(page.locator('.notice')).toContainText('IMAGE cannot go into LATENT');
  await expect(links(page)).toHaveCount(11);
  // So is a circle.
  await drag(page, output(node(page, 'LoRA'), 'MODEL'), input(node(page, 'LoRA'), 'model'));
  await expect(links(page)).toHaveCount(11);

  await addNode(page, 'LoadImage', 'Load Image');
  await page.keyboard.press('.');
  await page.waitForTimeout(300);
  await drag(page, output(node(page, 'Load Image'), 'IMAGE'), input(node(page, 'Sampler'), 'latent_image'));
  await page.getByRole('button', { name: 'Add VAE Encode' }).last().click();
  await expect(node(page, 'VAE Encode')).toBeVisible();
  await expect(links(page)).toHaveCount(12);
  await undo(page);
  await expect(node(page, 'VAE Encode')).toHaveCount(0);
  await expect(links(page)).toHaveCount(11);
});

test('a link dropped on the canvas lists exactly the fitting nodes and makes a linked one: one undo', async ({ editor: page, server }) => {
  await openSmall(page);
  const definitions = await objectInfo(page, server.url);
  const from = await middleOf(output(node(page, 'Decode'), 'IMAGE'));
  const to = await emptySpot(page);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByRole('dialog', { name: 'Add a node that fits' })).toBeVisible();
  const listed = await page.locator('[role=option] > span').allTextContents();
  const names = (all: Definition[]): string[] => [...new Set(all.map((one) => one.display_name || one.name))].sort();
  const known = new Set(names(Object.values(definitions)));
  expect([...new Set(listed.filter((label) => known.has(label)))].sort())
    .toEqual(names(Object.values(definitions).filter((one) => inputsOf(one).some((socket) => fits('IMAGE', socket.type)))));
  // What only editors know: a point on a link takes everything.
  expect(listed.filter((label) => !known.has(label))).toEqual(['Reroute']);
  await page.getByRole('combobox', { name: /Search/ }).fill('PreviewImage');
  await page.keyboard.press('Enter');
  await expect(node(page, 'Preview Image')).toBeVisible();
  await expect(links(page)).toHaveCount(12);
  await undo(page);
  await expect(node(page, 'Preview Image')).toHaveCount(0);
  await expect(links(page)).toHaveCount(11);
});

test('click and click draws a link', async ({ editor: page }) => {
  await ready(page);
  await addNode(page, 'VAEDecode', 'VAE Decode');
  await addNode(page, 'SaveImage', 'Save Image');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Alt+l');
  await page.waitForTimeout(500);
  await page.keyboard.press('.');
  await page.waitForTimeout(300);
  await output(node(page, 'VAE Decode'), 'IMAGE').click();
  await input(node(page, 'Save Image'), 'images').click();
  await expect(links(page)).toHaveCount(1);
});

test('delete and reconnect keeps the chain; the knife cuts what it crosses; Ctrl+drag moves links: each one undo', async ({ editor: page }) => {
  await openSmall(page);
  const whole = await savedDocument(page);
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+Delete');
  await expect(node(page, 'LoRA')).toHaveCount(0);
  await expect(links(page)).toHaveCount(9);
  await undo(page);
  expect(await savedDocument(page)).toEqual(whole);

  const [a, b] = [await middleOf(output(node(page, 'Decode'), 'IMAGE')), await middleOf(input(node(page, 'Save'), 'images'))];
  const x = (a.x + b.x) / 2;
  await page.keyboard.down('Alt');
  await page.mouse.move(x, a.y - 60);
  await page.mouse.down();
  await page.mouse.move(x, a.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await expect(links(page)).toHaveCount(10);
  await undo(page);
  expect(await savedDocument(page)).toEqual(whole);

  // Both links of the LoRA's CLIP go to the checkpoint's; then the negative prompt's goes to the latent's place, which refuses.
  const clips = async (): Promise<number[]> => ((await savedDocument(page)).links as (number | string)[][]).filter((one) => one[5] === 'CLIP').map((one) => Number(one[1]));
  expect((await clips()).filter((id) => id === 10)).toHaveLength(2);
  const move = async (from: Locator, to: Locator): Promise<void> => {
    await page.keyboard.down('Control');
    await drag(page, from, to);
    await page.keyboard.up('Control');
  };
  await move(output(node(page, 'LoRA'), 'CLIP'), output(node(page, 'Checkpoint'), 'CLIP'));
  expect((await clips()).filter((id) => id === 4)).toHaveLength(3);
  await undo(page);
  expect(await savedDocument(page)).toEqual(whole);
  await move(input(node(page, 'Sampler'), 'negative'), input(node(page, 'Sampler'), 'latent_image'));
  await expect(page.locator('.notice')).toContainText('CONDITIONING');
  expect(await savedDocument(page)).toEqual(whole);
});

test('a node dropped on a link is put into it, what follows makes room; Alt only moves it: one undo each', async ({ editor: page }) => {
  await ready(page);
  await openGraph(page, 'line', {
    1: { class_type: 'EmptyImage', inputs: { width: 64, height: 64, batch_size: 1, color: 0 }, _meta: { title: 'Source' } },
    2: { class_type: 'PreviewImage', inputs: { images: ['1', 0] }, _meta: { title: 'End' } },
    3: { class_type: 'ImageInvert', inputs: {}, _meta: { title: 'Between' } },
  }, 3);
  const before = await savedDocument(page);
  const places = async (): Promise<Record<string, number>> =>
    Object.fromEntries(((await savedDocument(page)).nodes as { title: string; pos: number[] }[]).map(({ title, pos }) => [title, pos[0]!]));
  const title = await middleOf(node(page, 'Between').locator('.node-title'));
  const [a, b] = [await middleOf(output(node(page, 'Source'), 'IMAGE')), await middleOf(input(node(page, 'End'), 'images'))];
  const onLink = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  const dropOnLink = async (): Promise<void> => {
    await page.mouse.move(title.x, title.y);
    await page.mouse.down();
    await page.mouse.move(onLink.x, onLink.y + 20, { steps: 6 });
    await page.mouse.move(onLink.x, onLink.y, { steps: 3 });
  };
  await page.keyboard.down('Alt');
  await dropOnLink();
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await expect(links(page)).toHaveCount(1);
  await undo(page);
  expect(await savedDocument(page)).toEqual(before);

  const far = (await places()).End!;
  await dropOnLink();
  await expect(page.locator('.react-flow__edge-path[style*="accent"]')).toHaveCount(1);
  await page.mouse.up();
  await expect(links(page)).toHaveCount(2);
  const now = await places();
  expect(now.End).toBeGreaterThan(far);
  expect(now.Between).toBeGreaterThan(now.Source!);
  await undo(page);
  expect(await savedDocument(page)).toEqual(before);
});

test('reroute, group, collapse, pin, mute, bypass: kept by the file, undone one by one', async ({ editor: page }) => {
  await openSmall(page);
  const [a, b] = [await middleOf(output(node(page, 'Decode'), 'IMAGE')), await middleOf(input(node(page, 'Save'), 'images'))];
  await page.keyboard.down('Alt');
  await page.mouse.click((a.x + b.x) / 2, (a.y + b.y) / 2);
  await page.keyboard.up('Alt');
  await expect(page.locator('.reroute')).toHaveCount(1);

  await node(page, 'Size').locator('.node-title').click();
  await page.keyboard.press('Control+g');
  await expect(page.locator('.group-box')).toHaveCount(1);
  await node(page, 'Negative').locator('.node-title').click();
  await page.keyboard.press('Alt+c');
  await page.keyboard.press('p');
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+b');
  await expect(node(page, 'LoRA')).toHaveAttribute('data-mode', 'bypassed');
  await node(page, 'Prompt').locator('.node-title').click();
  await page.keyboard.press('Control+m');

  const whole = await savedDocument(page);
  const saved = whole as unknown as Awaited<ReturnType<typeof shape>>;
  expect(saved.groups).toHaveLength(1);
  expect(JSON.stringify(saved.extra)).toContain('reroutes');
  expect(saved.nodes.find(({ type }) => type === 'LoraLoader')?.mode).toBe(4);
  expect(JSON.stringify(saved.nodes.find(({ id }) => id === 7))).toContain('"collapsed":true');
  for (let i = 0; i < 6; i++) await page.keyboard.press('Control+z');
  await expect(page.locator('.reroute')).toHaveCount(0);
  await expect(page.locator('.group-box')).toHaveCount(0);
  await expect(page.locator('[data-mode]')).toHaveCount(0);
  for (let i = 0; i < 6; i++) await page.keyboard.press('Control+y');
  const again = await savedDocument(page);
  expect(again).toEqual(whole);
  await page.waitForTimeout(300); // the autosave
  await page.reload();
  await expect(page.locator('.reroute')).toHaveCount(1);
  expect(await savedDocument(page)).toEqual(whole);
});

test('fifty nodes are copied into another browser as JSON: one undo, one redo', async ({ editor: page, browser, server }) => {
  await ready(page);
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [String(i + 1), i === 0
    ? { class_type: 'EmptyImage', inputs: { width: 64, height: 64, batch_size: 1, color: 0 } }
    : { class_type: 'ImageInvert', inputs: { image: [String(i), 0] } }]));
  await openGraph(page, 'fifty', many, 50);
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('ImageInvert');
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect((JSON.parse(text) as { nodes: unknown[] }).nodes).toHaveLength(50);

  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const other = await context.newPage();
  await other.goto(server.url);
  await ready(other);
  await addNode(other, 'EmptyImage', 'EmptyImage');
  await other.evaluate((json) => navigator.clipboard.writeText(json), text);
  await canvas(other).press('Control+v');
  const count = async (): Promise<number[]> => {
    const { nodes, links: all } = await savedDocument(other) as { nodes: { id: number }[]; links: unknown[] };
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
    return [nodes.length, all.length];
  };
  await expect.poll(count).toEqual([51, 49]);
  await undo(other);
  expect(await count()).toEqual([1, 0]);
  await canvas(other).press('Control+y');
  expect(await count()).toEqual([51, 49]);
  await context.close();
});

test('subgraphs in subgraphs: made, entered, edited, left and expanded to the same graph', async ({ editor: page }) => {
  await openSmall(page);
  const wires = async (): Promise<string[]> => {
    const { nodes, links: all } = await savedDocument(page) as { nodes: { id: number; title: string }[]; links: number[][] };
    const name = new Map(nodes.map(({ id, title }) => [id, title]));
    return all.map(([, from, slot, to, at]) => `${name.get(from!)}.${slot} > ${name.get(to!)}.${at}`).sort();
  };
  const before = await wires();
  const fold = async (name: string, ...titles: string[]): Promise<void> => {
    await selectNodes(page, ...titles);
    await page.keyboard.press('Control+Shift+E');
    await page.getByRole('textbox', { name: 'Name of the subgraph' }).fill(name);
    await page.keyboard.press('Enter');
    await expect(node(page, name)).toBeVisible();
  };
  await fold('Prompts', 'Prompt', 'Negative');
  await fold('Model', 'Prompts', 'LoRA');
  await expect(page.locator('.node')).toHaveCount(6);
  expect((await shape(page)).definitions?.subgraphs).toHaveLength(2);

  const enter = async (name: string, inside: string): Promise<void> => {
    await node(page, name).locator('.node-title').click();
    await page.keyboard.press('e');
    await expect(node(page, inside)).toBeVisible();
    await page.waitForTimeout(300);
  };
  await enter('Model', 'LoRA');
  await enter('Prompts', 'Negative');
  await expect(page.getByRole('navigation', { name: 'Subgraphs' })).toHaveText('small / Model / Prompts');
  await page.getByRole('textbox', { name: 'Negative: text' }).fill('edited deep inside');
  await canvas(page).press('Shift+E');
  await canvas(page).press('Shift+E');
  await expect(node(page, 'Model')).toBeVisible();

  for (const name of ['Model', 'Prompts']) {
    await node(page, name).locator('.node-title').click();
    await command(page, 'Expand the subgraph');
  }
  await expect(page.locator('.node')).toHaveCount(8);
  expect(await wires()).toEqual(before);
  await expect(page.getByRole('textbox', { name: 'Negative: text' })).toHaveValue('edited deep inside');
});
