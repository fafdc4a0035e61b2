import { describe, expect, test } from 'vitest';
import { isApiFormat, readApiFormat } from '../../src/io/api_format';
import { writeDocument } from '../../src/io/editor_format';
import { definitionOf } from '../../src/model/definition_of';
import type { Document } from '../../src/model/document';
import { parseJson, sameJson, writeJson, type Json, type JsonObject } from '../../src/model/json';
import { linkInto } from '../../src/model/links';
import { readObjectInfo } from '../../src/model/object_info';
import { inputViews } from '../../src/model/sockets';
import { namelessValues, valuesOf } from '../../src/model/values';
import { goldenFiles, goldenJson } from './golden_files';
import { violations } from './invariants';
import { registry } from './scene';

const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));

/// The steps that a document of plain nodes stands for: enough to compare what was read.
function stepsOf(document: Document): Record<string, { class_type: string; inputs: Record<string, Json> }> {
  const { root } = document;
  return Object.fromEntries(root.nodes.rows().map((node) => {
    const definition = definitionOf(document, root, node, golden);
    const values = definition === undefined ? namelessValues(node) : [...valuesOf(node, definition)];
    const links = inputViews(node, definition).flatMap(({ key }): [string, Json][] => {
      const link = linkInto(root, node.id, key);
      return link === undefined ? [] : [[key, [link.from, link.fromSlot]]];
    });
    return [node.id, { class_type: node.type, inputs: Object.fromEntries([...values, ...links]) }];
  }));
}

describe('steps become nodes and nothing is lost', () => {
  for (const { name, json } of goldenFiles('ui_graphs', '.api.json')) {
    if (!isApiFormat(json)) continue;  // the empty graph
    test(name, () => {
      const { document, warnings } = readApiFormat(json, golden);
      const steps = stepsOf(document);
      expect(Object.keys(steps).sort()).toEqual(Object.keys(json).sort());
      for (const [id, step] of Object.entries(json as Record<string, { class_type: string; inputs: JsonObject; _meta?: { title?: string } }>)) {
        expect(steps[id]?.class_type).toBe(step.class_type);
        for (const [input, wanted] of Object.entries(step.inputs)) {
          const told = warnings.some((warning) => warning.startsWith(`node ${id}: `) && warning.includes(input));
          const list = (wanted as { __value__?: Json } | null)?.__value__ ?? wanted;
          expect(told || sameJson(steps[id]?.inputs[input], list), `${id}.${input}`).toBe(true);
        }
      }
      if (name !== 'cycle') expect(violations(document)).toEqual([]);
      const again = writeJson(writeDocument(document));
      expect(again).toBe(writeJson(parseJson(again)));
    });
  }
});

test('titles that differ from the type are kept', () => {
  const steps = { 1: { class_type: 'VAEDecode', inputs: {}, _meta: { title: 'Mine' } }, 2: { class_type: 'VAEDecode', inputs: {}, _meta: { title: 'VAE Decode' } } };
  expect(readApiFormat(steps, golden).document.root.nodes.rows().map((node) => node.title)).toEqual(['Mine', null]);
});

test('no two nodes stand on one another', () => {
  const { document } = readApiFormat(goldenJson('ui_graphs/plain.api.json'), golden);
  const nodes = document.root.nodes.rows();
  for (const a of nodes) {
    for (const b of nodes) {
      if (a === b) continue;
      const apart = a.pos[0] + a.size[0] <= b.pos[0] || b.pos[0] + b.size[0] <= a.pos[0] || a.pos[1] + a.size[1] <= b.pos[1] || b.pos[1] + b.size[1] <= a.pos[1];
      expect(apart, `${a.id} and ${b.id}`).toBe(true);
    }
  }
});

test('a layout of one\'s own is used', () => {
  const { document } = readApiFormat(goldenJson('ui_graphs/plain.api.json'), golden, (graph) => new Map(graph.nodes.ids().map((id) => [id, [Number(id), 7]])));
  expect(document.root.nodes.get('4')?.pos).toEqual([4, 7]);
});

test('unknown types keep their values by name and their links', () => {
  const steps = { a: { class_type: 'Gone', inputs: { rate: 8, from: ['b', 3] } }, b: { class_type: 'Lost', inputs: {} } };
  const { document, warnings } = readApiFormat(steps, registry);
  expect(warnings).toEqual([]);
  expect(document.root.nodes.get('a')?.values).toEqual({ rate: 8 });
  expect(linkInto(document.root, 'a', 'from')).toMatchObject({ from: 'b', fromSlot: 3 });
  expect(document.root.nodes.get('b')?.outputs).toHaveLength(4);
});

test('what cannot be kept is told', () => {
  const steps = { 1: { class_type: 'VAEDecode', inputs: { odd: 5, samples: ['9', 0], vae: ['2', 7] } }, 2: { class_type: 'VAELoader', inputs: {} } };
  expect(readApiFormat(steps, registry).warnings).toEqual([
    'node 1: VAEDecode has no value odd; it is left out',
    'node 1: samples is linked to output 0 of node 9, which does not exist',
    'node 1: vae is linked to output 7 of node 2, which does not exist',
  ]);
});

test('the largest seed is exact', () => {
  const { document } = readApiFormat(parseJson('{"3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615}}}'), registry);
  expect(writeJson(writeDocument(document))).toContain('"widgets_values":[18446744073709551615,"fixed",');
});

test('other JSON is none', () => {
  for (const text of ['{}', '[]', '{"1":{}}', '{"1":{"class_type":3}}', '{"1":{"class_type":"A"},"x":1}']) expect(isApiFormat(parseJson(text))).toBe(false);
  expect(() => readApiFormat({ a: 1 }, registry)).toThrow('this is no workflow in API format');
});
