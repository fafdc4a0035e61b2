// Scenarios 3 to 5: links by drag, drop on the canvas, insertion, knife, reroutes, groups; each is one undo.

import { addNode, canvas, drag, input, links, middleOf, node, openSmall, output, ready, shape } from './editor';
import { expect, test } from './test';

test('only fitting sockets light up, a wrong drop says why, a circle is refused', async ({ editor: page }) => {
  await openSmall(page);
  const image = await middleOf(output(node(page, 'Decode'), 'IMAGE'));
  const latent = await middleOf(input(node(page, 'Sampler'), 'latent_image'));
  await page.mouse.move(image.x, image.y);
  await page.mouse.down();
  await page.mouse.move(image.x + 30, image.y + 60, { steps: 3 });
  // The set that fits is exactly the inputs of type IMAGE.
  const fitting = await page.locator('.react-flow__handle.target[data-compat=yes]').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
  expect(fitting).toEqual(['input images, IMAGE']);
  await page.mouse.move(latent.x, latent.y, { steps: 4 });
  await page.mouse.up();
  await expect(page.locator('.notice')).toContainText('IMAGE cannot go into LATENT');
  await expect(links(page)).toHaveCount(11);

  await drag(page, output(node(page, 'LoRA'), 'MODEL'), input(node(page, 'LoRA'), 'model'));
  await expect(links(page)).toHaveCount(11);
});

test('a link dropped on the canvas lists fitting nodes only and makes a linked one: one undo', async ({ editor: page }) => {
  await openSmall(page);
  const from = await middleOf(output(node(page, 'Decode'), 'IMAGE'));
  const box = (await canvas(page).boundingBox())!;
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 40, box.y + box.height - 250, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByRole('dialog', { name: 'Add a node that fits' })).toBeVisible();
  await page.keyboard.type('KSampler');
  await expect(page.locator('[role=option]').filter({ hasText: /^KSampler/ })).toHaveCount(0);
  await page.getByRole('combobox', { name: /Search/ }).fill('PreviewImage');
  await page.keyboard.press('Enter');
  await expect(node(page, 'Preview Image')).toBeVisible();
  await expect(links(page)).toHaveCount(12);
  await page.keyboard.press('Control+z');
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

test('delete and reconnect keeps the chain; the knife cuts what it crosses', async ({ editor: page }) => {
  await openSmall(page);
  await node(page, 'LoRA').locator('.node-title').click();
  await page.keyboard.press('Control+Delete');
  await expect(node(page, 'LoRA')).toHaveCount(0);
  await expect(links(page)).toHaveCount(9);
  await page.keyboard.press('Control+z');
  await expect(links(page)).toHaveCount(11);

  const [a, b] = [await middleOf(output(node(page, 'Decode'), 'IMAGE')), await middleOf(input(node(page, 'Save'), 'images'))];
  const x = (a.x + b.x) / 2;
  await page.keyboard.down('Alt');
  await page.mouse.move(x, a.y - 60);
  await page.mouse.down();
  await page.mouse.move(x, a.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await expect(links(page)).toHaveCount(10);
  await page.keyboard.press('Control+z');
  await expect(links(page)).toHaveCount(11);
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

  const saved = await shape(page);
  expect(saved.groups).toHaveLength(1);
  expect(JSON.stringify(saved.extra)).toContain('reroutes');
  expect(saved.nodes.find(({ type }) => type === 'LoraLoader')?.mode).toBe(4);
  expect(JSON.stringify(saved.nodes.find(({ id }) => id === 7))).toContain('"collapsed":true');
  for (let i = 0; i < 6; i++) await page.keyboard.press('Control+z');
  await expect(page.locator('.reroute')).toHaveCount(0);
  await expect(page.locator('.group-box')).toHaveCount(0);
  await expect(page.locator('[data-mode]')).toHaveCount(0);
});

test('copy and paste: JSON on the clipboard, one undo', async ({ editor: page }) => {
  await openSmall(page);
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('LoraLoader');
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(Object.keys(JSON.parse(text) as object)).toContain('nodes');
  await page.keyboard.press('Control+v');
  await expect(page.locator('.node')).toHaveCount(16);
  await page.keyboard.press('Control+z');
  await expect(page.locator('.node')).toHaveCount(8);
  await page.keyboard.press('Control+y');
  await expect(page.locator('.node')).toHaveCount(16);
});

test('a subgraph is made, entered, left and expanded', async ({ editor: page }) => {
  await openSmall(page);
  await node(page, 'Prompt').locator('.node-title').click();
  await node(page, 'Negative').locator('.node-title').click({ modifiers: ['Control'] });
  await page.keyboard.press('Control+Shift+E');
  await page.getByRole('textbox', { name: 'Name of the subgraph' }).fill('Prompts');
  await page.keyboard.press('Enter');
  await expect(node(page, 'Prompts')).toBeVisible();
  await expect(page.locator('.node')).toHaveCount(7);
  await node(page, 'Prompts').locator('.node-title').click();
  await page.keyboard.press('e');
  await expect(page.getByRole('navigation', { name: 'Subgraphs' })).toBeVisible();
  await expect(node(page, 'Negative')).toBeVisible();
  await page.keyboard.press('Shift+E');
  await expect(node(page, 'Prompts')).toBeVisible();
  expect((await shape(page)).definitions?.subgraphs).toHaveLength(1);
  await node(page, 'Prompts').locator('.node-title').click();
  await canvas(page).press('Control+k');
  await page.getByRole('combobox', { name: 'Search: Commands' }).fill('Expand the subgraph');
  await page.keyboard.press('Enter');
  await expect(page.locator('.node')).toHaveCount(8);
  await expect(links(page)).toHaveCount(11);
});
