import { describe, expect, test } from 'vitest';
import { ROOT } from '../../src/model/document';
import { fittingInputs } from '../../src/model/connection';
import { downstream, indexOf, linkInto, upstream } from '../../src/model/links';
import { typesFit } from '../../src/model/types';
import { disconnect, disconnectOutput, insertOnLink, moveInputLink, moveOutputLinks, removeLinks } from '../../src/model/commands/links';
import { removeAndReconnect, removeNodes, replaceNode } from '../../src/model/commands/nodes';
import { setMode } from '../../src/model/commands/values';
import { definition, registry, Scene, txt2img } from './scene';
import { violations } from './invariants';

describe('types fit', () => {
  test.each([
    ['MODEL', 'MODEL', true], ['model', 'MODEL', true], ['MODEL', 'CLIP', false], ['*', 'CLIP', true], ['MODEL', '', true],
    ['INT,FLOAT', 'FLOAT', true], ['INT, FLOAT', 'STRING', false], ['IMAGE', 'IMAGE,MASK', true],
  ])('%s into %s: %s', (from, to, fits) => expect(typesFit(from, to)).toBe(fits));
});

describe('connecting', () => {
  test('refuses what does not fit, with the reason', () => {
    const scene = txt2img();
    const before = scene.saved;
    expect(scene.link('7', 0, '6', 'latent_image')).toBe('IMAGE cannot go into LATENT');
    expect(scene.link('1', 0, '3', 'clip')).toBe('MODEL cannot go into CLIP');
    expect(scene.link('1', 9, '3', 'clip')).toBe('there is no such output');
    expect(scene.link('1', 0, '3', 'nothing')).toBe('there is no such input');
    expect(scene.saved).toBe(before);
  });

  test('refuses a circle and names its nodes', () => {
    const scene = new Scene();
    const [a, b, c] = [scene.add('ImageInvert'), scene.add('ImageInvert'), scene.add('ImageInvert')] as const;
    scene.link(a, 0, b, 'image');
    scene.link(b, 0, c, 'image');
    expect(scene.link(c, 0, a, 'image')).toBe('this would make a circle: Invert Image → Invert Image → Invert Image → Invert Image');
    expect(scene.link(a, 0, a, 'image')).toBe('this would make a circle: Invert Image → Invert Image');
  });

  test('an input has one link; a new one takes its place in one step', () => {
    const scene = txt2img();
    const before = scene.wires;
    scene.link('3', 0, '6', 'negative');
    expect(scene.wires).toEqual(before.map((wire) => (wire === '4.0>6.negative' ? '3.0>6.negative' : wire)).sort());
    expect(scene.node('4').outputs[0]?.links).toEqual([]);
    scene.editor.undo();
    expect(scene.wires).toEqual(before);
  });

  test('the same link again changes nothing', () => {
    const scene = txt2img();
    const { state } = scene.editor;
    expect(scene.link('3', 0, '6', 'positive')).toBeNull();
    expect(scene.editor.state).toBe(state);
  });

  test('a widget takes a link too', () => {
    const scene = txt2img();
    const primitive = scene.add('PrimitiveNode');
    expect(scene.link(primitive, 0, '6', 'steps')).toBeNull();
    expect(scene.node(primitive).outputs[0]?.type).toBe('INT');
    expect(scene.node(primitive).values).toEqual([20, 'fixed']);
    expect(scene.link(primitive, 0, '6', 'model')).toBe('a primitive can only feed a value');
    expect(scene.link(primitive, 0, '3', 'text')).toBe('INT cannot go into STRING');
  });

  test('a reroute has the type of what it passes on', () => {
    const scene = txt2img();
    const [a, b] = [scene.add('Reroute'), scene.add('Reroute')] as const;
    expect(scene.link(a, 0, b, '')).toBeNull();
    expect(scene.link(b, 0, '7', 'vae')).toBeNull();
    expect(scene.link('1', 0, a, '')).toBe('MODEL cannot go into VAE');
    expect(scene.link('1', 2, a, '')).toBeNull();
    expect(scene.link(b, 0, '6', 'model')).toBe('VAE cannot go into MODEL');
    expect([a, b].map((id) => scene.node(id).outputs[0]?.type)).toEqual(['VAE', 'VAE']);
  });

  test('inputs that a link could go to', () => {
    const scene = txt2img();
    const fitting = fittingInputs(scene.editor.document, registry, scene.editor.document.root, { node: '5', slot: 0 });
    expect(fitting).toEqual([{ node: '6', input: 'latent_image' }, { node: '7', input: 'samples' }]);
  });
});

describe('taking links away', () => {
  test('from an input, an output, by id', () => {
    const scene = txt2img();
    scene.editor.transact('a', (tx) => disconnect(tx, ROOT, { node: '7', input: 'vae' }));
    scene.editor.transact('b', (tx) => disconnectOutput(tx, ROOT, { node: '2', slot: 1 }));
    const link = linkInto(scene.editor.document.root, '8', 'images');
    scene.editor.transact('c', (tx) => removeLinks(tx, ROOT, [link?.id as string]));
    expect(scene.wires).toEqual(['1.0>2.model', '1.1>2.clip', '2.0>6.model', '3.0>6.positive', '4.0>6.negative', '5.0>6.latent_image', '6.0>7.samples']);
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('with the node', () => {
    const scene = txt2img();
    scene.editor.transact('Remove', (tx) => removeNodes(tx, ROOT, ['6']));
    expect(scene.wires).toEqual(['1.0>2.model', '1.1>2.clip', '1.2>7.vae', '2.1>3.clip', '2.1>4.clip', '7.0>8.images']);
    expect(scene.editor.document.root.links.size).toBe(6);
  });

  test('a LoRA goes and its neighbours are linked by type', () => {
    const scene = txt2img();
    scene.editor.transact('Remove', (tx) => removeAndReconnect(tx, ROOT, ['2']));
    expect(scene.wires).toEqual(['1.0>6.model', '1.1>3.clip', '1.1>4.clip', '1.2>7.vae', '3.0>6.positive', '4.0>6.negative', '5.0>6.latent_image', '6.0>7.samples', '7.0>8.images']);
    expect(scene.editor.undo()).toBe(true);
    expect(scene.editor.document.root.nodes.size).toBe(8);
  });

  test('two LoRAs in a row go together', () => {
    const scene = txt2img();
    const second = scene.add('LoraLoader');
    scene.editor.transact('Insert', (tx) => insertOnLink(tx, ROOT, second, linkInto(tx.graph(ROOT), '6', 'model')?.id as string));
    expect(scene.wires).toContain(`2.0>${second}.model`);
    scene.editor.transact('Remove', (tx) => removeAndReconnect(tx, ROOT, ['2', second]));
    expect(scene.wires).toContain('1.0>6.model');
  });
});

describe('moving links', () => {
  test('all of an output', () => {
    const scene = txt2img();
    scene.editor.transact('Move', (tx) => moveOutputLinks(tx, ROOT, { node: '2', slot: 1 }, { node: '1', slot: 1 }));
    expect(scene.wires.filter((wire) => wire.endsWith('clip'))).toEqual(['1.1>2.clip', '1.1>3.clip', '1.1>4.clip']);
  });

  test('to where they do not fit: none moves', () => {
    const scene = txt2img();
    const before = scene.saved;
    const outcome = scene.editor.transact('Move', (tx) => moveOutputLinks(tx, ROOT, { node: '2', slot: 1 }, { node: '1', slot: 0 }));
    expect(outcome).toEqual({ ok: false, reason: 'MODEL cannot go into CLIP' });
    expect(scene.saved).toBe(before);
  });

  test('of an input, back where it was if refused', () => {
    const scene = txt2img();
    const before = scene.wires;
    expect(scene.editor.transact('Move', (tx) => moveInputLink(tx, ROOT, { node: '6', input: 'positive' }, { node: '7', input: 'vae' })).ok).toBe(false);
    expect(scene.wires).toEqual(before);
    expect(scene.editor.transact('Move', (tx) => moveInputLink(tx, ROOT, { node: '6', input: 'positive' }, { node: '6', input: 'negative' })).ok).toBe(true);
    expect(scene.wires).toContain('3.0>6.negative');
    expect(scene.wires).not.toContain('3.0>6.positive');
  });

  test('a node goes into a link', () => {
    const scene = txt2img();
    const invert = scene.add('ImageInvert');
    const link = linkInto(scene.editor.document.root, '8', 'images')?.id as string;
    const before = scene.saved;
    expect(scene.editor.transact('Insert', (tx) => insertOnLink(tx, ROOT, invert, link)).ok).toBe(true);
    expect(scene.wires).toContain(`7.0>${invert}.image`);
    expect(scene.wires).toContain(`${invert}.0>8.images`);
    scene.editor.undo();
    expect(scene.saved).toBe(before);
    const model = linkInto(scene.editor.document.root, '6', 'model')?.id as string;
    expect(scene.editor.transact('Insert', (tx) => insertOnLink(tx, ROOT, invert, model))).toEqual({ ok: false, reason: 'Invert Image has no free input and output for MODEL' });
  });
});

describe('replacing a node', () => {
  test('keeps links and values by name', () => {
    const scene = txt2img();
    const before = scene.wires;
    scene.editor.transact('Replace', (tx) => replaceNode(tx, ROOT, '6', definition('KSamplerAdvanced')));
    expect(scene.wires).toEqual(before);
    expect(scene.node('6').type).toBe('KSamplerAdvanced');
    expect(scene.node('6').properties).toEqual({ 'Node name for S&R': 'KSamplerAdvanced' });
    expect(violations(scene.editor.document)).toEqual([]);
  });

  test('drops what the new type has no socket for', () => {
    const scene = txt2img();
    scene.editor.transact('Replace', (tx) => replaceNode(tx, ROOT, '2', definition('LoraLoaderModelOnly')));
    expect(scene.wires).toEqual(['1.0>2.model', '1.2>7.vae', '2.0>6.model', '3.0>6.positive', '4.0>6.negative', '5.0>6.latent_image', '6.0>7.samples', '7.0>8.images']);
    scene.editor.undo();
    expect(scene.wires).toHaveLength(11);
  });

  test('an unknown node passes its links on to the known one', () => {
    const scene = txt2img();
    scene.editor.transact('Break', (tx) => tx.update(ROOT, 'nodes', '6', { type: 'Gone' }));
    scene.editor.transact('Replace', (tx) => replaceNode(tx, ROOT, '6', definition('KSampler')));
    expect(scene.wires).toHaveLength(11);
  });
});

test('what feeds and what is fed', () => {
  const scene = txt2img();
  const { root } = scene.editor.document;
  expect(upstream(root, ['3'])).toEqual(['2', '1']);
  expect(downstream(root, ['5'])).toEqual(['6', '7', '8']);
  expect(indexOf(root).links).toHaveLength(11);
});

test('modes', () => {
  const scene = txt2img();
  scene.editor.transact('Mute', (tx) => setMode(tx, ROOT, ['2', '8'], 2));
  expect([scene.node('2').mode, scene.node('8').mode, scene.node('1').mode]).toEqual([2, 2, 0]);
});
