import { describe, expect, test } from 'vitest';
import { readDocument, writeDocument } from '../../src/io/editor_format';
import { Editor } from '../../src/model/editor';
import { writeJson } from '../../src/model/json';
import { readObjectInfo } from '../../src/model/object_info';
import { BEGINNINGS, goldenFiles, goldenJson } from './golden_files';
import { Random } from './random';
import { COMMANDS, randomCommand } from './random_commands';

const registry = readObjectInfo(goldenJson('ui_graphs/declarations.json'));

function saved(editor: Editor): string {
  return writeJson(writeDocument(editor.document));
}

describe('every command undoes to the same text', { timeout: 60_000 }, () => {
  const files = goldenFiles('ui_graphs', '.ui.json');
  Object.keys(COMMANDS).forEach((name, place) => {
    test(name, () => {
      const random = new Random(place);
      let changed = 0;
      // Every file meets some of the commands, the rich ones every other.
      for (const file of files.filter((each, i) => i % 12 === place % 12 || BEGINNINGS.indexOf(each.name) % 2 === place % 2)) {
        const editor = new Editor(readDocument(file.json), registry);
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
