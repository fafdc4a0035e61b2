// What the editor does not know survives, wherever it stands in a file.

import { describe, expect, test } from 'vitest';
import { FileError } from '../../src/io/file_error';
import type { MutableDocument } from '../../src/model/document';
import { readDocument, writeDocument } from '../../src/io/editor_format';
import { Editor } from '../../src/model/editor';
import { isArray, isObject, keysOf, writeJson, type Json, type JsonObject } from '../../src/model/json';
import { readObjectInfo } from '../../src/model/object_info';
import { goldenFiles, goldenJson } from './golden_files';
import { Random } from './random';
import { randomCommand } from './random_commands';

const golden = readObjectInfo(goldenJson('ui_graphs/declarations.json'));
const files = goldenFiles('ui_graphs', '.ui.json');

/// Puts unknown keys into objects all over a value.
function sprinkled(value: Json, random: Random, name: string): Json {
  if (isArray(value)) return value.map((item) => sprinkled(item, random, name));
  if (!isObject(value)) return value;
  const inner = keysOf(value).map((key): [string, Json] => [key, sprinkled(value[key] as Json, random, name)]);
  if (random.chance(0.3)) inner.splice(random.below(inner.length + 1), 0, [`${name} ${random.below(1000)}`, random.pick([null, 1n << 70n, [1, { deep: '🙂' }], 'text']) as Json]);
  return Object.fromEntries(inner);
}

describe('random unknown fields', () => {
  for (let seed = 1; seed <= 10; seed++) {
    test(`seed ${seed}`, () => {
      const random = new Random(seed);
      for (const file of files.filter((_, i) => i % 10 === seed - 1)) {
        const json = sprinkled(file.json, random, 'unknown');
        expect(writeJson(writeDocument(readDocument(json))), file.name).toBe(writeJson(json));
      }
    });
  }

  test('of nodes that are only moved, renamed, coloured and set', () => {
    const random = new Random(3);
    const names = ['move', 'setTitle', 'setColor', 'setValue', 'resize', 'toggleFlag', 'layout', 'setControl'];
    for (const file of files.filter((_, i) => i % 8 === 0)) {
      const json = sprinkled(file.json, random, 'unknown') as JsonObject;
      const editor = new Editor(readDocument(json), golden);
      for (let i = 0; i < 30; i++) randomCommand(editor, random, names);
      const unknown = (value: Json) => writeJson(value).match(/"unknown \d+":/g)?.length ?? 0;
      expect(unknown(writeDocument(editor.document)), file.name).toBe(unknown(json));
    }
  });
});

test('random damage to the structure either opens and is kept, or is refused', () => {
  const random = new Random(6);
  let opened = 0;
  for (let i = 0; i < 400; i++) {
    const json = damaged(files[i % files.length]?.json ?? null, random);
    const document = opens(json);
    if (document === null) continue;
    expect(writeJson(writeDocument(document))).toBe(writeJson(json));
    opened++;
  }
  expect(opened).toBeGreaterThan(300);
});

function opens(json: Json): MutableDocument | null {
  try {
    return readDocument(json);
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return null;
  }
}

/// Replaces some values by others of any kind.
function damaged(value: Json, random: Random): Json {
  if (random.chance(0.004)) return random.pick([null, 5, 'x', [], {}, [1], { id: 1 }, true, 2n ** 80n]) as Json;
  if (isArray(value)) return value.map((item) => damaged(item, random));
  return isObject(value) ? Object.fromEntries(keysOf(value).map((key) => [key, damaged(value[key] as Json, random)])) : value;
}
