import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/io/editor_format';
import { definitionOf } from '../../src/model/definition_of';
import { ROOT, type Graph, type GraphNode } from '../../src/model/document';
import { Editor } from '../../src/model/editor';
import type { Json } from '../../src/model/json';
import { readObjectInfo } from '../../src/model/object_info';
import { readNode } from '../../src/model/read_rows';
import { inputViews } from '../../src/model/sockets';
import { controlOf, makeValues, namelessValues, valueSlots, valuesOf, withControl, withValue } from '../../src/model/values';
import { setValue, socketToWidget, widgetToSocket } from '../../src/model/commands/values';
import { goldenJson } from './golden_files';
import { txt2img } from './scene';

const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));

function get(type: string) {
  const found = golden.get(type);
  if (found === undefined) throw new Error(`no ${type}`);
  return found;
}

function node(type: string, values?: Json): GraphNode {
  return readNode({ id: 1, type, ...(values === undefined ? {} : { widgets_values: values }) });
}

const slots = (type: string) => valueSlots(get(type)).map(({ kind, input }) => (kind === 'value' ? input.name : kind));
const values = (type: string, stored?: Json) => Object.fromEntries(valuesOf(node(type, stored), get(type)));

describe('places of values', () => {
  test('a seed is followed by its control', () => {
    expect(slots('KSampler')).toEqual(['seed', 'control', 'steps', 'cfg', 'sampler_name', 'scheduler', 'denoise']);
    expect(slots('KSamplerAdvanced')).toContain('noise_seed');
  });
  test('a choice with control by two places', () => {
    expect(slots('GoldenSeeds').filter((name) => name === 'filter')).toHaveLength(1);
  });
  test('an upload button after all required widgets', () => {
    expect(slots('LoadImage')).toEqual(['image', 'button']);
    expect(slots('LoadImageMask')).toEqual(['image', 'channel', 'button']);
  });
  test('sockets have none', () => {
    expect(slots('VAEDecode')).toEqual([]);
    expect(makeValues(get('VAEDecode'))).toBeUndefined();
  });
});

describe('reading values', () => {
  test('by position, controls left out', () => {
    expect(values('KSampler', [5, 'randomize', 20, 8, 'euler', 'normal', 1])).toMatchObject({ seed: 5, steps: 20, cfg: 8, sampler_name: 'euler', denoise: 1 });
  });
  test('what is missing is the default', () => {
    expect(values('EmptyLatentImage', [256])).toEqual({ width: 256, height: 512, batch_size: 1 });
    expect(values('EmptyLatentImage')).toEqual({ width: 512, height: 512, batch_size: 1 });
  });
  test('an object with numbers as keys counts as a list, one with names does not', () => {
    expect(values('EmptyLatentImage', { 0: 64, 1: 96, length: 2 })).toEqual({ width: 64, height: 96, batch_size: 1 });
    expect(values('EmptyLatentImage', { width: 64 })).toMatchObject({ width: 512 });
  });
  test('old controls are true and false', () => {
    expect(controlOf(node('KSampler', [1, true]), get('KSampler'), 'seed')).toBe('randomize');
    expect(controlOf(node('KSampler', [1, false]), get('KSampler'), 'seed')).toBe('fixed');
    expect(controlOf(node('KSampler', [1, 'increment']), get('KSampler'), 'seed')).toBe('increment');
    expect(controlOf(node('KSampler'), get('KSampler'), 'steps')).toBeNull();
  });
  test('values at sockets that once were widgets are left out where the length tells', () => {
    const definition = get('GoldenForce');
    const forced = definition.inputs.filter((input) => input.options.forceInput === true);
    expect(forced.length).toBeGreaterThan(0);
    const plain = valueSlots(definition).map((slot) => slot.input.name);
    const long = definition.inputs.filter((input) => input.widget !== null || forced.includes(input)).map((input) => `of ${input.name}`);
    expect(values('GoldenForce', long)).toEqual(Object.fromEntries(plain.map((name) => [name, `of ${name}`])));
  });
  test('a huge length does not hang', () => {
    expect(values('EmptyLatentImage', { length: 1e12, 0: 8 }).width).toBe(8);
  });
});

describe('writing values', () => {
  test('changes one place only', () => {
    expect(withValue(node('KSampler', [5, 'randomize', 20, 8, 'euler', 'normal', 1]), get('KSampler'), 'steps', 30)).toEqual([5, 'randomize', 30, 8, 'euler', 'normal', 1]);
  });
  test('fills what is missing before it', () => {
    expect(withValue(node('EmptyLatentImage'), get('EmptyLatentImage'), 'batch_size', 4)).toEqual([512, 512, 4]);
    expect(withValue(node('KSampler'), get('KSampler'), 'steps', 4)).toEqual([0, 'fixed', 4]);
  });
  test('keeps values beyond the known ones', () => {
    expect(withValue(node('EmptyLatentImage', [1, 2, 3, 'more']), get('EmptyLatentImage'), 'width', 8)).toEqual([8, 2, 3, 'more']);
  });
  test('keeps the form of an object', () => {
    expect(withValue(node('EmptyLatentImage', { 0: 64, 1: 96, length: 2 }), get('EmptyLatentImage'), 'height', 8)).toEqual({ 0: 64, 1: 8, length: 2 });
  });
  test('controls', () => {
    expect(withControl(node('KSampler', [5, 'randomize', 20]), get('KSampler'), 'seed', 'fixed')).toEqual([5, 'fixed', 20]);
  });
  test('new nodes have all places', () => {
    expect(makeValues(get('LoadImage'))).toHaveLength(2);
    expect(makeValues(get('KSampler'), new Map([['seed', 2n ** 64n - 1n]]))?.slice(0, 2)).toEqual([2n ** 64n - 1n, 'randomize']);
  });
  test('nodes of unknown types show their values by place or name', () => {
    expect(namelessValues(node('Gone', [1, 'a']))).toEqual([['value 1', 1], ['value 2', 'a']]);
    expect(namelessValues(node('Gone', { rate: 8 }))).toEqual([['rate', 8]]);
    expect(namelessValues(node('Gone'))).toEqual([]);
  });
});

describe('sockets by the declaration', () => {
  test('without a widget first, then those of widgets, then what only the file has', () => {
    const keys = inputViews(readNode({ id: 1, type: 'KSampler', inputs: [{ name: 'odd', type: 'X', link: null }, { name: 'model', type: 'MODEL', link: 4 }] }), get('KSampler')).map((view) => view.key);
    expect(keys.slice(0, 5)).toEqual(['model', 'positive', 'negative', 'latent_image', 'seed']);
    expect(keys.at(-1)).toBe('odd');
  });
  test('two of a name have keys of their own', () => {
    const twice = readNode({ id: 1, type: 'Gone', inputs: [{ name: 'a' }, { name: 'a' }, { name: 'a' }] });
    expect(inputViews(twice, undefined).map((view) => view.key)).toEqual(['a', 'a (2)', 'a (3)']);
  });
  test('a widget becomes a socket and a widget again', () => {
    const scene = txt2img();
    const before = scene.node('6').inputs.length;
    scene.editor.transact('a', (tx) => socketToWidget(tx, ROOT, '6', 'steps'));
    expect(scene.node('6').inputs).toHaveLength(before - 1);
    scene.editor.transact('b', (tx) => widgetToSocket(tx, ROOT, '6', 'steps'));
    expect(scene.node('6').inputs.at(-1)).toMatchObject({ name: 'steps', type: 'INT', widget: 'steps' });
    expect(scene.editor.transact('c', (tx) => socketToWidget(tx, ROOT, '6', 'model'))).toEqual({ ok: false, reason: 'model is a socket only' });
  });
  test('taking a socket away takes its link along and renumbers the others', () => {
    const scene = txt2img();
    const primitive = scene.add('PrimitiveNode');
    scene.link(primitive, 0, '6', 'seed');
    scene.editor.transact('a', (tx) => socketToWidget(tx, ROOT, '6', 'seed'));
    expect(scene.wires).toHaveLength(11);
    expect(scene.node(primitive).outputs[0]?.links).toEqual([]);
  });
});

describe('values of instances', () => {
  function open(name: string) {
    const editor = new Editor(readDocument(goldenJson(`ui_graphs/${name}.ui.json`)), golden);
    const { root } = editor.document;
    const instance = root.nodes.rows().find((each) => editor.document.definitions.has(each.type)) as GraphNode;
    return { editor, root: root as Graph, instance };
  }

  test('are those of the promoted widgets in order, without controls', () => {
    const { editor, root, instance } = open('subgraph_promoted');
    const definition = definitionOf(editor.document, root, instance, golden);
    expect(definition && Object.fromEntries(valuesOf(instance, definition))).toEqual({ steps: 3, method: 'dpmpp_2m', seed: 42 });
    expect(definition?.inputs.filter((input) => input.widget === null).map((input) => input.name)).toEqual(['model', 'positive', 'negative', 'latent_image']);
  });

  test('are set by name', () => {
    const { editor, instance } = open('subgraph_promoted');
    editor.transact('Set', (tx) => setValue(tx, ROOT, instance.id, 'seed', 2n ** 63n));
    expect(editor.document.root.nodes.get(instance.id)?.values).toEqual([3, 'dpmpp_2m', 2n ** 63n]);
  });

  test('through levels', () => {
    const { editor, root, instance } = open('subgraph_nested_promoted');
    expect(definitionOf(editor.document, root, instance, golden)?.inputs.some((input) => input.widget !== null)).toBe(true);
  });
});
