import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/io/editor_format';
import { ROOT } from '../../src/model/document';
import { readObjectInfo } from '../../src/model/object_info';
import { findProblems, similarType, valueProblem } from '../../src/model/validate';
import { disconnect } from '../../src/model/commands/links';
import { setMode, setValue } from '../../src/model/commands/values';
import { difference } from '../../src/model/diff';
import { advanceSeeds, controlledValues, nextValue, randomNumber } from '../../src/model/seeds';
import { setControl } from '../../src/model/commands/values';
import { setTitle } from '../../src/model/commands/look';
import { removeNodes } from '../../src/model/commands/nodes';
import { writeDocument } from '../../src/io/editor_format';
import { goldenJson } from './golden_files';
import { Random } from './random';
import { definition, registry, txt2img } from './scene';
import { valueOf } from '../../src/model/values';
import type { Json } from '../../src/model/json';

const problems = (scene: ReturnType<typeof txt2img>) => findProblems(scene.editor.document, registry).map(({ node, input, kind, message }) => [node, input, kind, message]);

function ready() {
  const scene = txt2img();
  const choice = (type: string, name: string): Json => {
    const widget = definition(type).inputs.find((input) => input.name === name)?.widget;
    return widget?.kind === 'choice' ? (widget.choices[0] ?? null) : null;
  };
  scene.editor.transact('Set', (tx) => {
    setValue(tx, ROOT, '1', 'ckpt_name', choice('CheckpointLoaderSimple', 'ckpt_name'));
    setValue(tx, ROOT, '2', 'lora_name', choice('LoraLoader', 'lora_name'));
  });
  return scene;
}

describe('problems before running', () => {
  test('a complete graph has none', () => expect(problems(ready())).toEqual([]));

  test('a required input without a link', () => {
    const scene = ready();
    scene.editor.transact('a', (tx) => disconnect(tx, ROOT, { node: '6', input: 'model' }));
    expect(problems(scene)).toEqual([['6', 'model', 'missing_input', 'model is not linked; it needs a MODEL']]);
  });

  test.each([
    ['1', 'ckpt_name', 'gone.safetensors', 'not_a_choice', /^ckpt_name: "gone.safetensors" is not among the \d+ choices$/],
    ['6', 'steps', 0, 'out_of_range', /^steps: 0 is outside 1\.\.10000$/],
    ['6', 'seed', 18446744073709551616n, 'out_of_range', /^seed: 18446744073709551616 is outside 0\.\.18446744073709551615$/],
    ['6', 'cfg', 'abc', 'not_a_number', /^cfg: "abc" is not a number$/],
    ['6', 'cfg', null, 'not_a_number', /^cfg: null is not a number$/],
    ['6', 'steps', true, 'not_a_number', /^steps: true is not a number$/],
  ] as const)('value %s.%s = %s', (node, name, value, kind, message) => {
    const scene = ready();
    scene.editor.transact('a', (tx) => setValue(tx, ROOT, node, name, value));
    const [found, ...others] = problems(scene);
    expect(others).toEqual([]);
    expect(found?.slice(0, 3)).toEqual([node, name, kind]);
    expect(found?.[3]).toMatch(message);
  });

  test('numbers as text and the largest seed are fine', () => {
    const scene = ready();
    scene.editor.transact('a', (tx) => {
      setValue(tx, ROOT, '6', 'steps', '20');
      setValue(tx, ROOT, '6', 'seed', 18446744073709551615n);
    });
    expect(problems(scene)).toEqual([]);
  });

  test('old names of samplers, optional choices left empty and group nodes are fine', () => {
    const scene = ready();
    scene.editor.transact('a', (tx) => setValue(tx, ROOT, '6', 'sampler_name', 'sample_euler'));
    expect(problems(scene)).toEqual([]);
    const choice = { name: 'c', type: 'COMBO', tooltip: '', advanced: false, options: {}, widget: { kind: 'choice', default: '', choices: [], upload: null, multiselect: false, control: false } } as const;
    expect(valueProblem({ ...choice, required: false }, '')).toBeNull();
    expect(valueProblem({ ...choice, required: true }, '')?.message).toBe('nothing is chosen');
    expect(valueProblem({ ...choice, required: true }, 'a.png')?.message).toBe('"a.png" is not there; there is nothing to choose from');
    expect(findProblems(readDocument(goldenJson('ui_graphs/group_node.ui.json')), readObjectInfo(goldenJson('ui_graphs/declarations.json')))).toEqual([]);
  });

  test('an unknown type, with the nearest name', () => {
    const scene = ready();
    scene.editor.transact('a', (tx) => tx.update(ROOT, 'nodes', '6', { type: 'KSamler' }));
    expect(problems(scene)).toEqual([['6', null, 'unknown_node', 'there is no node "KSamler" here; did you mean KSampler?']]);
    expect(similarType('SomethingElseEntirely', registry)).toBeNull();
  });

  test('muted and bypassed nodes have none', () => {
    const scene = ready();
    scene.editor.transact('a', (tx) => {
      setValue(tx, ROOT, '6', 'steps', 0);
      setMode(tx, ROOT, ['6'], 4);
    });
    expect(problems(scene)).toEqual([]);
  });

  test.each([['link_missing', 'broken_link'], ['link_origin_gone', 'broken_link'], ['node_gone', 'broken_link'], ['missing_type', 'unknown_node'], ['wrong_types', 'wrong_type'], ['unlinked_required', 'missing_input']])('the broken file %s: %s', (name, kind) => {
    const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
    const found = findProblems(readDocument(goldenJson(`ui_graphs/${name}.ui.json`)), golden);
    expect(found.map((problem) => problem.kind)).toContain(kind);
  });
});

describe('seeds after queueing', () => {
  const seeded = (control: 'fixed' | 'increment' | 'decrement' | 'randomize', value: Json) => {
    const scene = ready();
    scene.editor.transact('a', (tx) => {
      setValue(tx, ROOT, '6', 'seed', value);
      setControl(tx, ROOT, '6', 'seed', control);
    });
    scene.editor.transact('b', (tx) => advanceSeeds(tx, new Random(1).next));
    return valueOf(scene.node('6'), definition('KSampler'), 'seed');
  };

  test('fixed, up, down', () => {
    expect(seeded('fixed', 5)).toBe(5);
    expect(seeded('increment', 5)).toBe(6);
    expect(seeded('decrement', 5)).toBe(4);
    expect(seeded('decrement', 0)).toBe(0);
  });

  test('exact beyond 2^53, and kept within the range', () => {
    expect(seeded('increment', 9007199254740993n)).toBe(9007199254740994n);
    expect(seeded('increment', 9007199254740991)).toBe(9007199254740992n);
    expect(seeded('increment', 18446744073709551615n)).toBe(18446744073709551615n);
  });

  test('random ones are whole and below 2^50', () => {
    const random = new Random(3);
    const { widget } = definition('KSampler').inputs.find((input) => input.name === 'seed') ?? {};
    if (widget?.kind !== 'int') throw new Error('the seed is no whole number');
    const drawn = Array.from({ length: 200 }, () => Number(randomNumber(widget, random.next)));
    expect(drawn.every((each) => Number.isInteger(each) && each >= 0 && each <= 2 ** 50)).toBe(true);
    expect(new Set(drawn).size).toBe(200);
    expect(Math.max(...drawn)).toBeGreaterThan(2 ** 49);
    expect(Array.from({ length: 50 }, () => randomNumber({ ...widget, min: 3, max: 9, step: 3 }, random.next)).every((each) => [3, 6, 9].includes(Number(each)))).toBe(true);
  });

  test('a seed fed by a link stays', () => {
    const scene = ready();
    const primitive = scene.add('PrimitiveNode');
    scene.link(primitive, 0, '6', 'seed');
    scene.editor.transact('a', (tx) => setControl(tx, ROOT, '6', 'seed', 'increment'));
    scene.editor.transact('b', (tx) => expect(controlledValues(tx)).toEqual([]));
  });

  test('choices go along their list', () => {
    const input = { name: 'c', type: 'COMBO', required: true, tooltip: '', advanced: false, options: {}, widget: { kind: 'choice', default: 'a', choices: ['a', 'b', 'c'], upload: null, multiselect: false, control: true } } as const;
    expect(nextValue(input, 'increment', 'a', () => 0)).toBe('b');
    expect(nextValue(input, 'increment', 'c', () => 0)).toBe('c');
    expect(nextValue(input, 'decrement', 'b', () => 0)).toBe('a');
    expect(nextValue(input, 'randomize', 'a', () => 0.99)).toBe('c');
  });
});

describe('what differs between two graphs', () => {
  test('values, links, nodes, modes, titles', () => {
    const scene = ready();
    const before = readDocument(writeDocument(scene.editor.document));
    scene.editor.transact('a', (tx) => {
      setValue(tx, ROOT, '6', 'steps', 30);
      setTitle(tx, ROOT, '3', 'Positive');
      setMode(tx, ROOT, ['2'], 4);
      removeNodes(tx, ROOT, ['8']);
    });
    scene.link('3', 0, '6', 'negative');
    const added = scene.add('SaveImage');
    const found = difference(before, scene.editor.document, registry);
    expect(found).toEqual([
      { kind: 'mode', graph: ROOT, node: '2', title: 'Load LoRA', before: 0, after: 4 },
      expect.objectContaining({ kind: 'title', node: '3', after: 'Positive' }),
      { kind: 'value', graph: ROOT, node: '6', title: 'KSampler', name: 'steps', before: 20, after: 30 },
      expect.objectContaining({ kind: 'link', node: '6', name: 'positive' }),
      expect.objectContaining({ kind: 'link', node: '6', name: 'negative', after: 'Positive 3.0' }),
      expect.objectContaining({ kind: 'removed', node: '8' }),
      expect.objectContaining({ kind: 'added', node: added }),
    ]);
  });

  test('positions and colours are no difference', () => {
    const scene = ready();
    const before = readDocument(writeDocument(scene.editor.document));
    scene.editor.transact('a', (tx) => tx.update(ROOT, 'nodes', '1', { pos: [9, 9], color: '#123' }));
    expect(difference(before, scene.editor.document, registry)).toEqual([]);
  });
});
