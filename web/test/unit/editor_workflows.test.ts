// The ten workflows of tests/golden/editor_workflows.

import { describe, expect, test } from 'vitest';
import { readDocument, writeDocument } from '../../src/io/editor_format';
import { openText } from '../../src/io/open_file';
import { definitionOf } from '../../src/model/definition_of';
import { allGraphs } from '../../src/model/document';
import { Editor } from '../../src/model/editor';
import { parseJson, writeJson } from '../../src/model/json';
import { indexOf } from '../../src/model/links';
import { readObjectInfo } from '../../src/model/object_info';
import { columnLayout } from '../../src/model/column_layout';
import { applyPositions, moveNodes, setTitle } from '../../src/model/commands/look';
import { goldenFiles, goldenJson } from './golden_files';
import { violations } from './invariants';
import { Random } from './random';
import { randomCommand } from './random_commands';

const registry = readObjectInfo(goldenJson('object_info.json'));
const files = goldenFiles('editor_workflows', '.json').filter(({ name }) => name !== 'index');

test('there are ten, all in the index', () => {
  const index = goldenJson('editor_workflows/index.json') as { name: string }[];
  expect(files.map(({ name }) => name)).toEqual(index.map(({ name }) => name).sort());
  expect(files).toHaveLength(10);
});

describe.each(files)('$name', ({ text, json }) => {
  test('opens and is saved back the same', () => {
    const { document, format } = openText(text, registry);
    expect(format).toBe('editor');
    expect(writeJson(writeDocument(document))).toBe(writeJson(json));
    expect(writeJson(writeDocument(document), 2)).toBe(text.trimEnd());
  });

  test('is a legal graph with all its links', () => {
    const document = readDocument(json);
    expect(violations(document)).toEqual([]);
    for (const graph of allGraphs(document)) expect(indexOf(graph).links.length).toBe(graph.links.size);
  });

  test('changing one thing changes nothing else in the file', () => {
    const editor = new Editor(readDocument(json), registry);
    const [node] = editor.document.root.nodes.rows();
    editor.transact('Rename', (tx) => setTitle(tx, '', node?.id as string, 'Renamed'));
    const saved = parseJson(writeJson(writeDocument(editor.document))) as { nodes: { title?: string }[] };
    expect(saved.nodes[0]?.title).toBe('Renamed');
    const original = json as { nodes: object[] };
    expect(saved).toEqual({ ...original, nodes: [{ ...original.nodes[0], title: 'Renamed' }, ...original.nodes.slice(1)] });
  });

  test('moving everything keeps the form of every position', () => {
    const editor = new Editor(readDocument(json), registry);
    editor.transact('Move', (tx) => moveNodes(tx, '', editor.document.root.nodes.ids(), [8, -8]));
    editor.transact('Arrange', (tx) => applyPositions(tx, '', columnLayout(editor.document.root)));
    const saved = writeDocument(editor.document) as { nodes: { pos: unknown }[] };
    (json as { nodes: { pos: unknown }[] }).nodes.forEach(({ pos }, i) => expect(Array.isArray(saved.nodes[i]?.pos)).toBe(Array.isArray(pos)));
    while (editor.undo());
    expect(writeJson(writeDocument(editor.document))).toBe(writeJson(json));
  });

  test('200 random commands undo to the file', () => {
    const editor = new Editor(readDocument(json), registry);
    const random = new Random(text.length);
    for (let i = 0; i < 200; i++) randomCommand(editor, random);
    expect(violations(editor.document)).toEqual([]);
    while (editor.undo());
    expect(writeJson(writeDocument(editor.document))).toBe(writeJson(json));
  });
});

test('only the nodes of the index are unknown', () => {
  const known = new Set(['CLIPTextEncode', 'LoadImageMask', 'GrowMask', 'VAEEncodeForInpaint', 'ImageCompositeMasked', 'PrimitiveInt', 'PrimitiveFloat', 'PrimitiveStringMultiline', 'StringConcatenate']);
  const unknown = files.flatMap(({ json }) => {
    const document = readDocument(json);
    return allGraphs(document).flatMap((graph) => graph.nodes.rows()
      .filter((node) => definitionOf(document, graph, node, registry) === undefined && !known.has(node.type))
      .map((node) => node.type));
  });
  expect(unknown.sort()).toEqual(['Any Switch (rgthree)', 'ControlNetApplyAdvanced', 'ControlNetLoader', 'Fast Groups Muter (rgthree)', 'VHS_VideoCombine', 'workflow>encode both']);
});
