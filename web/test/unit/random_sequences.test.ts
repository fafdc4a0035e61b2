import { describe, expect, test } from 'vitest';
import { emptyDocument, readDocument, writeDocument } from '../../src/io/editor_format';
import { Editor } from '../../src/model/editor';
import { writeJson } from '../../src/model/json';
import { readObjectInfo } from '../../src/model/object_info';
import { goldenFiles, goldenJson } from './golden_files';
import { violations } from './invariants';
import { Random } from './random';
import { COMMANDS, randomCommand } from './random_commands';

const registry = readObjectInfo(goldenJson('object_info.json'));
const goldenRegistry = readObjectInfo(goldenJson('ui_graphs/declarations.json'));

function saved(editor: Editor): string {
  return writeJson(writeDocument(editor.document));
}

/// Well-formed files to begin with; the others break some rule from the start.
const BEGINNINGS = ['plain', 'version_1', 'reroute_native', 'subgraph_promoted', 'subgraph_nested_promoted', 'subgraph_twice', 'reroute_nodes', 'primitive_kinds'];

describe('500 random commands', { timeout: 60_000 }, () => {
  for (let seed = 1; seed <= 20; seed++) {
    const beginning = BEGINNINGS[seed % (BEGINNINGS.length + 1)];
    test(`seed ${seed}, from ${beginning ?? 'nothing'}: no illegal graph, undone to the start, redone to the end, the same when read again`, () => {
      const random = new Random(seed);
      const document = beginning === undefined ? emptyDocument() : readDocument(goldenJson(`ui_graphs/${beginning}.ui.json`));
      const editor = new Editor(document, seed % 3 === 0 ? registry : goldenRegistry);
      const start = saved(editor);
      const atFirst = new Set(violations(editor.document));  // one file says a lower last id than it uses
      const given: string[] = [];
      for (let i = 0; i < 500; i++) {
        given.push(randomCommand(editor, random));
        if (i % 5 === 4) expect(violations(editor.document).filter((each) => !atFirst.has(each)), given.slice(-5).join(', ')).toEqual([]);
      }
      const end = saved(editor);
      expect(writeJson(writeDocument(readDocument(writeDocument(editor.document))))).toBe(end);
      let steps = 0;
      while (editor.undo()) steps++;
      expect(steps).toBeGreaterThan(100);
      expect(saved(editor)).toBe(start);
      while (editor.redo()) steps--;
      expect(steps).toBe(0);
      expect(saved(editor)).toBe(end);
    });
  }
});

describe('every command undoes to the same text', { timeout: 60_000 }, () => {
  const files = goldenFiles('ui_graphs', '.ui.json');
  Object.keys(COMMANDS).forEach((name, place) => {
    test(name, () => {
      const random = new Random(place);
      let changed = 0;
      // Every file meets every command now and then, the rich ones always.
      for (const file of files.filter((each, i) => i % 9 === place % 9 || BEGINNINGS.includes(each.name))) {
        const editor = new Editor(readDocument(file.json), goldenRegistry);
        for (let i = 0; i < 8; i++) randomCommand(editor, random, ['addNode', 'groupNodes', 'addReroute', 'connect']);
        for (let i = 0; i < 4; i++) {
          const before = saved(editor);
          const state = editor.state;
          randomCommand(editor, random, [name]);
          if (editor.state === state) continue;
          changed++;
          const after = saved(editor);
          editor.undo();
          expect(saved(editor), file.name).toBe(before);
          editor.redo();
          expect(saved(editor), file.name).toBe(after);
        }
      }
      expect(changed).toBeGreaterThan(0);
    });
  });
});
