import { describe, expect, test } from 'vitest';
import { emptyDocument, readDocument, writeDocument } from '../../src/io/editor_format';
import { Editor } from '../../src/model/editor';
import { writeJson } from '../../src/model/json';
import { readObjectInfo } from '../../src/model/object_info';
import { BEGINNINGS, goldenJson } from './golden_files';
import { violations } from './invariants';
import { Random } from './random';
import { randomCommand } from './random_commands';

const registry = readObjectInfo(goldenJson('object_info.json'));
const goldenRegistry = readObjectInfo(goldenJson('ui_graphs/declarations.json'));

function saved(editor: Editor): string {
  return writeJson(writeDocument(editor.document));
}

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
