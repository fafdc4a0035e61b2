import { describe, expect, test } from 'vitest';
import { emptyDocument } from '../../src/io/editor_format';
import { ROOT } from '../../src/model/document';
import type { Change } from '../../src/model/editor';
import { align, distribute, hasFlag, moveNodes, resizeNode, setFlag, setNodeColor, setTitle, toggleFlag } from '../../src/model/commands/look';
import { setNamelessValue, setValue, toggleMode } from '../../src/model/commands/values';
import { removeNodes } from '../../src/model/commands/nodes';
import { Scene, txt2img } from './scene';

describe('history', () => {
  test('one gesture is one step, whatever it holds', () => {
    const scene = txt2img();
    const before = scene.saved;
    scene.editor.transact('Remove all', (tx) => removeNodes(tx, ROOT, [...tx.graph(ROOT).nodes.ids()]));
    expect(scene.editor.document.root.nodes.size).toBe(0);
    expect(scene.editor.undoLabel).toBe('Remove all');
    scene.editor.undo();
    expect(scene.saved).toBe(before);
    expect(scene.editor.redoLabel).toBe('Remove all');
  });

  test('a command that throws leaves nothing behind', () => {
    const scene = txt2img();
    const [before, state] = [scene.saved, scene.editor.state];
    expect(() => scene.editor.transact('Half', (tx) => {
      removeNodes(tx, ROOT, ['6']);
      removeNodes(tx, ROOT, ['none']);
    })).toThrow('nodes has no none');
    expect([scene.saved, scene.editor.state]).toEqual([before, state]);
    expect(scene.link('1', 0, '6', 'model')).toBeNull();
  });

  test('a command that changes nothing makes no step', () => {
    const scene = txt2img();
    const { state } = scene.editor;
    scene.editor.transact('Nothing', (tx) => setTitle(tx, ROOT, '1', null));
    scene.editor.transact('Nothing', (tx) => setValue(tx, ROOT, '6', 'steps', 20));
    scene.editor.transact('Nothing', (tx) => moveNodes(tx, ROOT, ['1'], [0, 0]));
    expect(scene.editor.state).toBe(state);
  });

  test('a new command ends what could be redone', () => {
    const scene = txt2img();
    scene.editor.undo();
    expect(scene.editor.redoLabel).toBe('Connect');
    scene.add('VAEDecode');
    expect(scene.editor.redoLabel).toBeNull();
    expect(scene.editor.redo()).toBe(false);
  });

  test('the state is the same after undo and redo back to it', () => {
    const scene = txt2img();
    const { state } = scene.editor;
    scene.add('VAEDecode');
    const later = scene.editor.state;
    expect(later).not.toBe(state);
    scene.editor.undo();
    expect(scene.editor.state).toBe(state);
    scene.editor.redo();
    expect(scene.editor.state).toBe(later);
  });

  test('typing joins into one step until the field is left', () => {
    const scene = txt2img();
    const type = (text: string) => scene.editor.transact('Edit text', (tx) => setValue(tx, ROOT, '3', 'text', text), { merge: '3.text' });
    const { state } = scene.editor;
    ['a', 'ab', 'abc'].forEach(type);
    scene.editor.seal();
    type('abcd');
    expect(scene.node('3').values).toEqual(['abcd']);
    scene.editor.undo();
    expect(scene.node('3').values).toEqual(['abc']);
    scene.editor.undo();
    expect(scene.node('3').values).toEqual(['']);
    expect(scene.editor.state).toBe(state);
    scene.editor.redo();
    expect(scene.node('3').values).toEqual(['abc']);
  });

  test('another document begins its own history', () => {
    const scene = txt2img();
    scene.editor.open(emptyDocument());
    expect(scene.editor.undo()).toBe(false);
    expect(scene.editor.document.root.nodes.size).toBe(0);
  });

  test('a transaction inside another belongs to it', () => {
    const scene = txt2img();
    const before = scene.saved;
    scene.editor.transact('Outer', () => {
      scene.add('VAEDecode');
      scene.add('VAEDecode');
    });
    scene.editor.undo();
    expect(scene.saved).toBe(before);
  });
});

describe('subscriptions', () => {
  test('a node hears of itself only', () => {
    const scene = txt2img();
    const heard: string[] = [];
    const ends = ['1', '6'].map((id) => scene.editor.subscribeNode(ROOT, id, () => heard.push(id)));
    scene.editor.transact('a', (tx) => setValue(tx, ROOT, '6', 'steps', 9));
    expect(heard).toEqual(['6']);
    scene.editor.undo();
    expect(heard).toEqual(['6', '6']);
    ends.forEach((end) => end());
    scene.editor.redo();
    expect(heard).toHaveLength(2);
  });

  test('listeners hear every change with its cause', () => {
    const scene = txt2img();
    const heard: Change[] = [];
    const end = scene.editor.subscribe((change) => heard.push(change));
    scene.add('VAEDecode');
    scene.editor.undo();
    scene.editor.redo();
    scene.editor.open(emptyDocument());
    expect(heard.map(({ cause, label }) => `${cause} ${label}`)).toEqual(['transact Add', 'undo Add', 'redo Add', 'open Open']);
    expect(heard[0]?.operations.length).toBeGreaterThan(0);
    end();
    scene.add('VAEDecode');
    expect(heard).toHaveLength(4);
  });

  test('rows that did not change stay the same objects', () => {
    const scene = txt2img();
    const [one, six] = [scene.node('1'), scene.node('6')];
    scene.editor.transact('a', (tx) => setValue(tx, ROOT, '6', 'steps', 9));
    expect(scene.node('1')).toBe(one);
    expect(scene.node('6')).not.toBe(six);
  });
});

describe('looks', () => {
  const positions = (scene: Scene, ids: string[]) => ids.map((id) => scene.node(id).pos);

  function three() {
    const scene = new Scene();
    const ids = [scene.add('VAEDecode', 0, 0), scene.add('VAEDecode', 50, 300), scene.add('VAEDecode', 500, 110)];
    scene.editor.transact('Size', (tx) => ids.forEach((id, i) => resizeNode(tx, ROOT, id, [100, 50 + 10 * i])));
    return { scene, ids };
  }

  test.each([
    ['left', [[0, 0], [0, 300], [0, 110]]], ['right', [[500, 0], [500, 300], [500, 110]]], ['top', [[0, 0], [50, 0], [500, 0]]],
    ['bottom', [[0, 310], [50, 300], [500, 290]]], ['center', [[250, 0], [250, 300], [250, 110]]], ['middle', [[0, 155], [50, 150], [500, 145]]],
  ] as const)('aligned %s', (edge, expected) => {
    const { scene, ids } = three();
    scene.editor.transact('Align', (tx) => align(tx, ROOT, ids, edge));
    expect(positions(scene, ids)).toEqual(expected);
  });

  test('distributed with equal gaps', () => {
    const { scene, ids } = three();
    scene.editor.transact('Distribute', (tx) => distribute(tx, ROOT, ids, 'x'));
    expect(positions(scene, ids)).toEqual([[0, 0], [250, 300], [500, 110]]);
    scene.editor.transact('Distribute', (tx) => distribute(tx, ROOT, ids, 'y'));
    expect(positions(scene, ids).map(([, y]) => y)).toEqual([0, 300, 140]);
  });

  test('flags toggle for all, and only they change in the file', () => {
    const { scene, ids } = three();
    scene.editor.transact('a', (tx) => setFlag(tx, ROOT, [ids[0] as string], 'collapsed', true));
    scene.editor.transact('b', (tx) => toggleFlag(tx, ROOT, ids, 'collapsed'));
    expect(ids.every((id) => hasFlag(scene.node(id), 'collapsed'))).toBe(true);
    scene.editor.transact('c', (tx) => toggleFlag(tx, ROOT, ids, 'collapsed'));
    expect(ids.map((id) => scene.node(id).flags)).toEqual([{}, {}, {}]);
  });

  test('modes toggle for all', () => {
    const { scene, ids } = three();
    scene.editor.transact('a', (tx) => toggleMode(tx, ROOT, [ids[0] as string], 4));
    scene.editor.transact('b', (tx) => toggleMode(tx, ROOT, ids, 4));
    expect(ids.map((id) => scene.node(id).mode)).toEqual([4, 4, 4]);
    scene.editor.transact('c', (tx) => toggleMode(tx, ROOT, ids, 4));
    expect(ids.map((id) => scene.node(id).mode)).toEqual([0, 0, 0]);
  });

  test('titles and colours go when they are taken away', () => {
    const { scene, ids } = three();
    const before = scene.saved;
    scene.editor.transact('a', (tx) => setTitle(tx, ROOT, ids[0] as string, 'Mine'));
    scene.editor.transact('b', (tx) => setNodeColor(tx, ROOT, ids, '#232', '#353'));
    expect(scene.saved).toContain('"title":"Mine"');
    scene.editor.transact('c', (tx) => setTitle(tx, ROOT, ids[0] as string, ''));
    scene.editor.transact('d', (tx) => setNodeColor(tx, ROOT, ids, null, null));
    expect(scene.saved).toBe(before);
  });

  test('values of unknown nodes change in place', () => {
    const { scene, ids } = three();
    const id = ids[0] as string;
    scene.editor.transact('a', (tx) => tx.update(ROOT, 'nodes', id, { type: 'Gone', values: [1, 2] }));
    scene.editor.transact('b', (tx) => setNamelessValue(tx, ROOT, id, 1, 'x'));
    expect(scene.node(id).values).toEqual([1, 'x']);
    scene.editor.transact('c', (tx) => tx.update(ROOT, 'nodes', id, { values: { rate: 8 } }));
    scene.editor.transact('d', (tx) => setNamelessValue(tx, ROOT, id, 'rate', 9));
    expect(scene.node(id).values).toEqual({ rate: 9 });
  });
});
