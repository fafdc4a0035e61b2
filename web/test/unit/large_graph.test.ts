// 1,024 nodes: what takes a time that grows with the square of the graph would show here.

import { expect, test } from 'vitest';
import { readDocument, writeDocument } from '../../src/io/editor_format';
import { ROOT } from '../../src/model/document';
import { parseJson, writeJson } from '../../src/model/json';
import { indexOf } from '../../src/model/links';
import { duplicate } from '../../src/model/commands/paste';
import { removeNodes } from '../../src/model/commands/nodes';
import { moveNodes } from '../../src/model/commands/look';
import { setValue } from '../../src/model/commands/values';
import { violations } from './invariants';
import { txt2img } from './scene';

function large() {
  const scene = txt2img();
  for (let i = 0; i < 7; i++) scene.editor.transact('Duplicate', (tx) => duplicate(tx, ROOT, { nodes: [...tx.graph(ROOT).nodes.ids()] }));
  return scene;
}

test('1,024 nodes are pasted, half of them removed, all of it undone', { timeout: 60_000 }, () => {
  const scene = large();
  const { root } = scene.editor.document;
  expect([root.nodes.size, indexOf(root).links.length]).toEqual([1024, 1408]);
  const before = scene.saved;
  const start = performance.now();
  scene.editor.transact('Remove', (tx) => removeNodes(tx, ROOT, tx.graph(ROOT).nodes.ids().filter((_, i) => i % 2 === 0)));
  expect(root.nodes.size).toBe(512);
  expect(violations(scene.editor.document)).toEqual([]);
  scene.editor.undo();
  expect(scene.saved).toBe(before);
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(writeJson(writeDocument(readDocument(parseJson(before))))).toBe(before);
});

test('moving and setting values look at no link again', { timeout: 60_000 }, () => {
  const scene = large();
  const index = indexOf(scene.editor.document.root);
  scene.editor.transact('Move', (tx) => moveNodes(tx, ROOT, [...tx.graph(ROOT).nodes.ids()], [1, 1]));
  scene.editor.transact('Set', (tx) => setValue(tx, ROOT, '6', 'steps', 9));
  expect(indexOf(scene.editor.document.root)).toBe(index);
  scene.link('3', 0, '6', 'negative');
  expect(indexOf(scene.editor.document.root)).not.toBe(index);
});
