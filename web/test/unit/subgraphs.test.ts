import { describe, expect, test } from 'vitest';
import { readDocument, writeDocument } from '../../src/io/editor_format';
import { definitionOf, subgraphDefinition } from '../../src/model/definition_of';
import { graphAtPath, ROOT, type Document, type Graph, type GraphNode } from '../../src/model/document';
import { Editor } from '../../src/model/editor';
import { indexOf, linkInto } from '../../src/model/links';
import { readObjectInfo } from '../../src/model/object_info';
import { valuesOf } from '../../src/model/values';
import { exposeInput, exposeOutput, moveBoundary, removeBoundary, renameBoundary } from '../../src/model/commands/boundary';
import { expandSubgraph } from '../../src/model/commands/expand';
import { addNode } from '../../src/model/commands/nodes';
import { duplicate } from '../../src/model/commands/paste';
import { collapseToSubgraph } from '../../src/model/commands/subgraphs';
import { setMode, setValue } from '../../src/model/commands/values';
import { goldenJson } from './golden_files';
import { violations } from './invariants';
import { registry, Scene, txt2img, value } from './scene';

/// Links as "type.slot>type.input": the same for graphs that differ in ids only.
function shape(graph: Graph): string[] {
  const name = (id: string) => graph.nodes.get(id)?.type ?? id;
  return indexOf(graph).links.map((link) => `${name(link.from)}.${link.fromSlot}>${name(link.to)}.${link.input}`).sort();
}

function collapsed(ids: string[]) {
  const scene = txt2img();
  const before = shape(scene.editor.document.root);
  const instance = scene.editor.transact('Collapse', (tx) => value(collapseToSubgraph(tx, ROOT, ids, 'Part')));
  const subgraph = scene.editor.document.definitions.get(scene.node(instance).type) as Graph;
  return { scene, before, instance, subgraph };
}

const instanceDefinition = (document: Document, graph: Graph, node: GraphNode) => definitionOf(document, graph, node, registry);

describe('collapsing', () => {
  test('one input for each source, one output for each that is used outside', () => {
    const { scene, instance, subgraph } = collapsed(['3', '4', '6']);
    expect(subgraph.header.inputs.map(({ name, type }) => `${name} ${type}`)).toEqual(['clip CLIP', 'model MODEL', 'latent_image LATENT']);
    expect(subgraph.header.outputs.map(({ name, type }) => `${name} ${type}`)).toEqual(['LATENT LATENT']);
    expect(shape(subgraph)).toEqual(['-10.0>CLIPTextEncode.clip', '-10.0>CLIPTextEncode.clip', '-10.1>KSampler.model', '-10.2>KSampler.latent_image', 'CLIPTextEncode.0>KSampler.negative', 'CLIPTextEncode.0>KSampler.positive', 'KSampler.0>-20.LATENT']);
    expect(scene.wires).toEqual(['1.0>2.model', '1.1>2.clip', '1.2>7.vae', `2.0>${instance}.model`, `2.1>${instance}.clip`, `5.0>${instance}.latent_image`, '7.0>8.images', `${instance}.0>7.samples`]);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('is one step', () => {
    const { scene } = collapsed(['3', '4', '6']);
    scene.editor.undo();
    expect(scene.editor.document.definitions.size).toBe(0);
    expect(scene.wires).toHaveLength(11);
  });

  test('is refused where the instance would feed itself', () => {
    const scene = txt2img();
    const outcome = scene.editor.transact('Collapse', (tx) => collapseToSubgraph(tx, ROOT, ['1', '6']));
    expect(outcome).toEqual({ ok: false, reason: 'a link leads out of the selection and back into it; select what is between as well' });
    expect(scene.editor.transact('Collapse', (tx) => collapseToSubgraph(tx, ROOT, []))).toEqual({ ok: false, reason: 'nothing is selected' });
  });

  test('a widget that was fed from outside is promoted with its value', () => {
    const scene = txt2img();
    const primitive = scene.add('PrimitiveNode');
    scene.link(primitive, 0, '6', 'steps');
    const instance = scene.editor.transact('Collapse', (tx) => value(collapseToSubgraph(tx, ROOT, ['6'])));
    const definition = instanceDefinition(scene.editor.document, scene.editor.document.root, scene.node(instance));
    expect(definition && Object.fromEntries(valuesOf(scene.node(instance), definition))).toEqual({ steps: 20 });
    expect(scene.wires).toContain(`${primitive}.0>${instance}.steps`);
  });

  test('twice, one in the other', () => {
    const { scene, instance } = collapsed(['3', '4']);
    const outer = scene.editor.transact('Collapse', (tx) => value(collapseToSubgraph(tx, ROOT, [instance, '6'], 'Outer')));
    expect(violations(scene.editor.document)).toEqual([]);
    expect(graphAtPath(scene.editor.document, [outer, instance])?.nodes.size).toBe(2);
    expect(graphAtPath(scene.editor.document, [outer, '99'])).toBeUndefined();
    expect(shape(scene.editor.document.root)).toHaveLength(8);
  });
});

describe('expanding', () => {
  test.each([[['3', '4', '6']], [['2', '3', '4', '6', '7']], [['8']], [['1', '2', '3', '4', '5', '6', '7', '8']]])('what %s collapsed gives the same links again', (ids) => {
    const { scene, before, instance } = collapsed(ids);
    expect(scene.editor.transact('Expand', (tx) => expandSubgraph(tx, ROOT, instance)).ok).toBe(true);
    expect(shape(scene.editor.document.root)).toEqual(before);
    expect(scene.editor.document.definitions.size).toBe(0);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test.each(['subgraph', 'subgraph_nested', 'subgraph_outputs', 'subgraph_twice', 'subgraph_promoted', 'subgraph_native_reroute', 'subgraph_pass_through', 'subgraph_unlinked'])('the file %s', (name) => {
    const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
    const editor = new Editor(readDocument(goldenJson(`ui_graphs/${name}.ui.json`)), golden);
    for (let i = 0; i < 10; i++) {
      const instance = editor.document.root.nodes.rows().find((node) => editor.document.definitions.has(node.type));
      if (instance !== undefined) editor.transact('Expand', (tx) => value(expandSubgraph(tx, ROOT, instance.id)));
    }
    const { root, definitions } = editor.document;
    expect(root.nodes.rows().filter((node) => definitions.has(node.type))).toEqual([]);
    expect(violations(editor.document)).toEqual([]);
    // What would run is what the stock editor sends, step for step.
    const steps = goldenJson(`ui_graphs/${name}.api.json`) as Record<string, { class_type: string }>;
    const types = Object.values(steps).map((step) => step.class_type).sort();
    expect(root.nodes.rows().map((node) => node.type).filter((type) => !['Note', 'Reroute', 'PrimitiveNode'].includes(type)).sort()).toEqual(types);
  });

  test('promoted values come out with the nodes', () => {
    const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
    const editor = new Editor(readDocument(goldenJson('ui_graphs/subgraph_promoted.ui.json')), golden);
    const instance = editor.document.root.nodes.rows().find((node) => editor.document.definitions.has(node.type)) as GraphNode;
    editor.transact('Expand', (tx) => expandSubgraph(tx, ROOT, instance.id));
    const sampler = editor.document.root.nodes.rows().find((node) => node.type === 'KSampler') as GraphNode;
    const values = valuesOf(sampler, golden.get('KSampler') as never);
    expect([values.get('steps'), values.get('sampler_name'), values.get('seed')]).toEqual([3, 'dpmpp_2m', 42]);
  });

  test('other instances keep their definition', () => {
    const { scene, instance } = collapsed(['3', '4', '6']);
    scene.editor.transact('Duplicate', (tx) => duplicate(tx, ROOT, { nodes: [instance] }));
    scene.editor.transact('Expand', (tx) => expandSubgraph(tx, ROOT, instance));
    expect(scene.editor.document.definitions.size).toBe(1);
  });

  test('a plain node is refused', () => {
    const scene = txt2img();
    expect(scene.editor.transact('Expand', (tx) => expandSubgraph(tx, ROOT, '1'))).toEqual({ ok: false, reason: 'this node is no subgraph' });
  });
});

describe('the boundary', () => {
  test('a widget inside becomes a value of every instance, with the value it had', () => {
    const { scene, instance, subgraph } = collapsed(['3', '4', '6']);
    scene.editor.transact('Expose', (tx) => value(exposeInput(tx, subgraph.id, { node: '6', input: 'steps' })));
    expect(subgraphDefinition(scene.editor.document, subgraph, registry).inputs.map((input) => input.name)).toEqual(['clip', 'model', 'latent_image', 'steps']);
    scene.editor.transact('Set', (tx) => setValue(tx, ROOT, instance, 'steps', 7));
    expect(scene.node(instance).values).toEqual([7]);
    scene.editor.transact('Expose', (tx) => value(exposeInput(tx, subgraph.id, { node: '6', input: 'cfg' })));
    expect(scene.node(instance).values).toHaveLength(2);
    expect(scene.node(instance).values).toMatchObject({ 0: 7 });
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('an order of values follows the order of inputs', () => {
    const { scene, instance, subgraph } = collapsed(['6']);
    for (const input of ['steps', 'cfg']) scene.editor.transact('Expose', (tx) => value(exposeInput(tx, subgraph.id, { node: '6', input })));
    scene.editor.transact('Set', (tx) => { setValue(tx, ROOT, instance, 'steps', 7); setValue(tx, ROOT, instance, 'cfg', 2.5); });
    const last = subgraph.header.inputs.length - 1;
    scene.editor.transact('Move', (tx) => moveBoundary(tx, subgraph.id, 'inputs', last, 0));
    expect(scene.node(instance).values).toEqual([2.5, 7]);
    expect(violations(scene.editor.document)).toEqual([]);
    scene.editor.transact('Remove', (tx) => removeBoundary(tx, subgraph.id, 'inputs', 0));
    expect(scene.node(instance).values).toEqual([7]);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('a new name reaches the instances, links stay', () => {
    const { scene, instance, subgraph } = collapsed(['6']);
    scene.editor.transact('Rename', (tx) => value(renameBoundary(tx, subgraph.id, 'inputs', 0, 'network')));
    expect(scene.wires).toContain(`2.0>${instance}.network`);
    expect(scene.editor.transact('Rename', (tx) => renameBoundary(tx, subgraph.id, 'inputs', 1, 'network'))).toEqual({ ok: false, reason: 'there is a socket network already' });
    expect(scene.editor.transact('Rename', (tx) => renameBoundary(tx, subgraph.id, 'inputs', 1, '')).ok).toBe(false);
  });

  test('outputs come and go, links of the others stay', () => {
    const { scene, instance, subgraph } = collapsed(['1', '2']);
    expect(subgraph.header.outputs.map(({ name }) => name)).toEqual(['CLIP', 'MODEL', 'VAE']);
    scene.editor.transact('Remove', (tx) => removeBoundary(tx, subgraph.id, 'outputs', 0));
    expect(scene.wires.filter((wire) => wire.startsWith(`${instance}.`))).toEqual([`${instance}.0>6.model`, `${instance}.1>7.vae`]);
    scene.editor.transact('Move', (tx) => moveBoundary(tx, subgraph.id, 'outputs', 0, 1));
    expect(scene.wires.filter((wire) => wire.startsWith(`${instance}.`))).toEqual([`${instance}.0>7.vae`, `${instance}.1>6.model`]);
    scene.editor.transact('Expose', (tx) => value(exposeOutput(tx, subgraph.id, { node: '1', slot: 1 })));
    expect(scene.link(instance, 2, '3', 'clip')).toBeNull();
    expect(violations(scene.editor.document)).toEqual([]);
  });
});

describe('instances', () => {
  test('a subgraph cannot stand inside itself', () => {
    const { scene, subgraph } = collapsed(['6']);
    const definition = subgraphDefinition(scene.editor.document, subgraph, registry);
    expect(scene.editor.transact('Add', (tx) => addNode(tx, subgraph.id, definition, [0, 0]))).toEqual({ ok: false, reason: 'Part cannot stand inside itself' });
    expect(scene.editor.transact('Add', (tx) => addNode(tx, ROOT, definition, [0, 0])).ok).toBe(true);
  });

  test('muting one of two gives it a definition of its own, muted inside', () => {
    const { scene, instance } = collapsed(['3', '6']);
    const copy = scene.editor.transact('Duplicate', (tx) => value(duplicate(tx, ROOT, { nodes: [instance] }))).nodes[0] as string;
    scene.editor.transact('Mute', (tx) => setMode(tx, ROOT, [copy], 2));
    const modes = (id: string) => graphAtPath(scene.editor.document, [id])?.nodes.rows().map((node) => node.mode);
    expect(modes(copy)).toEqual([2, 2]);
    expect(modes(instance)).toEqual([0, 0]);
    scene.editor.transact('On', (tx) => setMode(tx, ROOT, [copy], 0));
    expect(modes(copy)).toEqual([0, 0]);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('a collapsed graph survives saving and reading', () => {
    const { scene } = collapsed(['3', '4', '6']);
    const again = new Editor(readDocument(writeDocument(scene.editor.document)), registry);
    expect(shape(again.document.root)).toEqual(shape(scene.editor.document.root));
    expect(violations(again.document)).toEqual([]);
  });
});

test('a link inside goes to the boundary by its name', () => {
  const { scene, subgraph } = collapsed(['6']);
  expect(linkInto(subgraph, '-20', 'LATENT')?.from).toBe('6');
  expect(scene).toBeInstanceOf(Scene);
});
