import { describe, expect, test } from 'vitest';
import { readDocument, writeDocument, emptyDocument } from '../../src/io/editor_format';
import { clipboardJson, copyText } from '../../src/model/clipboard';
import { ROOT, type Group, type Reroute } from '../../src/model/document';
import { Editor } from '../../src/model/editor';
import { writeJson, type JsonObject } from '../../src/model/json';
import { indexOf, linkInto } from '../../src/model/links';
import { readObjectInfo } from '../../src/model/object_info';
import { contentOf, fitGroup, groupNodes, moveGroup, removeGroups, setGroupColor, setGroupTitle } from '../../src/model/commands/groups';
import { removeLinks } from '../../src/model/commands/links';
import { setFlag } from '../../src/model/commands/look';
import { duplicate, paste } from '../../src/model/commands/paste';
import { addReroute, moveReroutes, removeReroutes } from '../../src/model/commands/reroutes';
import { goldenJson } from './golden_files';
import { violations } from './invariants';
import { registry, txt2img, value } from './scene';

describe('groups', () => {
  function grouped() {
    const scene = txt2img();
    const id = scene.editor.transact('Group', (tx) => groupNodes(tx, ROOT, ['3', '4'], 'Prompts'));
    const group = () => scene.editor.document.root.groups.get(id) as Group;
    return { scene, id, group };
  }

  test('stand around their nodes and hold just them', () => {
    const { scene, group } = grouped();
    expect(contentOf(scene.editor.document.root, group())).toEqual({ nodes: ['3', '4'], groups: [], reroutes: [] });
    expect(group()).toMatchObject({ title: 'Prompts', color: '#3f789e' });
  });

  test('move what is inside, not what is pinned', () => {
    const { scene, id, group } = grouped();
    const [before, bounding] = [scene.node('3').pos, group().bounding];
    scene.editor.transact('Pin', (tx) => setFlag(tx, ROOT, ['4'], 'pinned', true));
    scene.editor.transact('Move', (tx) => moveGroup(tx, ROOT, id, [10, -20]));
    expect(scene.node('3').pos).toEqual([before[0] + 10, before[1] - 20]);
    expect(scene.node('4').pos).toEqual([900, 0]);
    expect(scene.node('5').pos).toEqual([1200, 0]);
    expect(group().bounding).toEqual([bounding[0] + 10, bounding[1] - 20, bounding[2], bounding[3]]);
  });

  test('groups inside groups move along', () => {
    const { scene, group } = grouped();
    const outer = scene.editor.transact('Group', (tx) => {
      const made = groupNodes(tx, ROOT, ['2', '3', '4', '5']);
      tx.update(ROOT, 'groups', made, { bounding: [500, -200, 1300, 800] });
      return made;
    });
    const [x] = group().bounding;
    scene.editor.transact('Move', (tx) => moveGroup(tx, ROOT, outer, [5, 0]));
    expect(group().bounding[0]).toBe(x + 5);
    expect(scene.node('3').pos[0]).toBe(605);
  });

  test('are renamed, coloured, fitted, removed; the nodes stay', () => {
    const { scene, id, group } = grouped();
    scene.editor.transact('a', (tx) => { setGroupTitle(tx, ROOT, id, 'Words'); setGroupColor(tx, ROOT, id, '#8A8'); });
    expect(group()).toMatchObject({ title: 'Words', color: '#8A8' });
    const { bounding } = group();
    scene.editor.transact('b', (tx) => tx.update(ROOT, 'groups', id, { bounding: [560, -500, 700, 2000] }));
    scene.editor.transact('c', (tx) => fitGroup(tx, ROOT, id));
    expect(group().bounding).toEqual(bounding);
    scene.editor.transact('d', (tx) => removeGroups(tx, ROOT, [id]));
    expect(scene.editor.document.root.groups.size).toBe(0);
    expect(scene.editor.document.root.nodes.size).toBe(8);
  });
});

describe('reroutes on links', () => {
  function rerouted() {
    const scene = txt2img();
    const link = linkInto(scene.editor.document.root, '7', 'vae')?.id as string;
    const first = scene.editor.transact('a', (tx) => value(addReroute(tx, ROOT, link, [100, 100])));
    const row = (id: string) => scene.editor.document.root.reroutes.get(id) as Reroute;
    const chain = () => linkInto(scene.editor.document.root, '7', 'vae')?.reroutes;
    return { scene, link, first, row, chain };
  }

  test('chain from source to target', () => {
    const { scene, link, first, chain } = rerouted();
    const last = scene.editor.transact('b', (tx) => value(addReroute(tx, ROOT, link, [300, 100])));
    const before = scene.editor.transact('c', (tx) => value(addReroute(tx, ROOT, link, [50, 100], 0)));
    expect(chain()).toEqual([before, first, last]);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('are saved in extra, and read again', () => {
    const { scene, link, first } = rerouted();
    const saved = writeDocument(scene.editor.document);
    expect(saved.extra).toEqual({ reroutes: [{ id: Number(first), pos: [100, 100], linkIds: [Number(link)] }], linkExtensions: [{ id: Number(link), parentId: Number(first) }] });
    expect(linkInto(readDocument(saved).root, '7', 'vae')?.reroutes).toEqual([first]);
  });

  test('go one by one, the link stays', () => {
    const { scene, link, first, chain } = rerouted();
    const last = scene.editor.transact('b', (tx) => value(addReroute(tx, ROOT, link, [300, 100])));
    scene.editor.transact('c', (tx) => removeReroutes(tx, ROOT, [first]));
    expect(chain()).toEqual([last]);
    scene.editor.transact('d', (tx) => removeReroutes(tx, ROOT, [last]));
    expect(chain()).toEqual([]);
    expect(writeDocument(scene.editor.document).extra).toEqual({});
  });

  test('go with their link, and come back with it', () => {
    const { scene, link, row, first } = rerouted();
    const before = scene.saved;
    scene.editor.transact('b', (tx) => moveReroutes(tx, ROOT, [first], [5, 5]));
    expect(row(first).pos).toEqual([105, 105]);
    scene.editor.undo();
    scene.editor.transact('c', (tx) => removeLinks(tx, ROOT, [link]));
    expect(scene.editor.document.root.reroutes.size).toBe(0);
    scene.editor.undo();
    expect(scene.saved).toBe(before);
  });

  test.each(['reroute_native', 'version_1'])('the file %s keeps its form', (name) => {
    const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
    const json = goldenJson(`ui_graphs/${name}.ui.json`) as JsonObject;
    const editor = new Editor(readDocument(json), golden);
    const [reroute] = editor.document.root.reroutes.ids();
    expect(reroute).toBeDefined();
    editor.transact('Move', (tx) => moveReroutes(tx, ROOT, [reroute as string], [1, 0]));
    const saved = writeDocument(editor.document);
    expect(Object.keys(saved)).toEqual(Object.keys(json));
    expect(saved.links).toBe(json.links);
    expect(writeJson(saved)).not.toBe(writeJson(json));
  });
});

describe('copy and paste', () => {
  const copy = (scene: ReturnType<typeof txt2img>, nodes: string[], groups: string[] = []) => clipboardJson(copyText(scene.editor.document, ROOT, { nodes, groups })) as JsonObject;

  test('keeps links inside, gives new ids, stands where it was put', () => {
    const scene = txt2img();
    const piece = copy(scene, ['3', '6']);
    const pasted = scene.editor.transact('Paste', (tx) => value(paste(tx, ROOT, piece, { at: [5000, 100] })));
    expect(pasted.nodes).toEqual(['9', '10']);
    expect(scene.node('9').pos).toEqual([5000, 100]);
    expect(scene.node('10').pos).toEqual([5900, 100]);
    expect(scene.wires.filter((wire) => />(9|10)\./.test(wire))).toEqual(['9.0>10.positive']);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('with the links into it', () => {
    const scene = txt2img();
    scene.editor.transact('Paste', (tx) => paste(tx, ROOT, copy(scene, ['3', '6']), { at: null, incoming: true }));
    expect(scene.wires.filter((wire) => />(9|10)\./.test(wire))).toEqual(['2.0>10.model', '2.1>9.clip', '4.0>10.negative', '5.0>10.latent_image', '9.0>10.positive']);
  });

  test('of 50 nodes is one step', () => {
    const scene = txt2img();
    for (let i = 0; i < 3; i++) scene.editor.transact('Duplicate', (tx) => duplicate(tx, ROOT, { nodes: [...tx.graph(ROOT).nodes.ids()] }));
    expect(scene.editor.document.root.nodes.size).toBe(64);
    const before = scene.saved;
    scene.editor.transact('Paste', (tx) => paste(tx, ROOT, copy(scene, [...tx.graph(ROOT).nodes.ids()].slice(0, 50)), { at: [0, 3000] }));
    expect(scene.editor.document.root.nodes.size).toBe(114);
    scene.editor.undo();
    expect(scene.saved).toBe(before);
  });

  test('into another document, exact seeds, groups, reroutes and subgraphs with it', () => {
    const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
    for (const name of ['big_seed', 'subgraph_nested', 'reroute_native', 'groups_notes', 'missing_type']) {
      const source = new Editor(readDocument(goldenJson(`ui_graphs/${name}.ui.json`)), golden);
      const { root } = source.document;
      const text = copyText(source.document, ROOT, { nodes: root.nodes.ids(), groups: root.groups.ids() });
      const target = new Editor(emptyDocument(), golden);
      target.transact('Paste', (tx) => value(paste(tx, ROOT, clipboardJson(text) as JsonObject, { at: [0, 0] })));
      expect(target.document.root.nodes.rows().map(({ type, values }) => [type, values]), name).toEqual(root.nodes.rows().map(({ type, values }) => [type, values]));
      expect(indexOf(target.document.root).links.length).toBe(indexOf(root).links.length);
      expect([target.document.definitions.size, target.document.root.groups.size, target.document.root.reroutes.size]).toEqual([source.document.definitions.size, root.groups.size, root.reroutes.size]);
      expect(violations(target.document)).toEqual([]);
    }
  });

  test('a subgraph of the same id but other content gets its own', () => {
    const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
    const editor = new Editor(readDocument(goldenJson('ui_graphs/subgraph.ui.json')), golden);
    const instance = editor.document.root.nodes.rows().find((node) => editor.document.definitions.has(node.type));
    const piece = clipboardJson(copyText(editor.document, ROOT, { nodes: [instance?.id as string] })) as JsonObject;
    editor.transact('Paste', (tx) => value(paste(tx, ROOT, piece, { at: null })));
    expect(editor.document.definitions.size).toBe(1);
    const [definition] = editor.document.definitions.ids();
    editor.transact('Change', (tx) => tx.updateHeader(definition as string, { name: 'Changed' }));
    editor.transact('Paste', (tx) => value(paste(tx, ROOT, piece, { at: null })));
    expect(editor.document.definitions.size).toBe(2);
    expect(violations(editor.document)).toEqual([]);
  });

  test('a whole workflow on the clipboard is pasted too, other text is not', () => {
    const scene = txt2img();
    const piece = clipboardJson(scene.saved) as JsonObject;
    scene.editor.transact('Paste', (tx) => value(paste(tx, ROOT, piece, { at: null })));
    expect(scene.wires).toHaveLength(22);
    for (const text of ['', 'a red house', '{}', '{"nodes":[1]}', '[]', '{"nodes":3}']) expect(clipboardJson(text)).toBeNull();
  });

  test('the text is JSON that names the nodes', () => {
    const scene = txt2img();
    const text = copyText(scene.editor.document, ROOT, { nodes: ['6'] });
    expect(JSON.parse(text)).toMatchObject({ heddle: 'clipboard/1', nodes: [{ id: 6, type: 'KSampler' }], groups: [], reroutes: [], subgraphs: [] });
    expect(registry.get('KSampler')).toBeDefined();
  });
});
