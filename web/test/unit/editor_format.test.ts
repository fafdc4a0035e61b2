import { describe, expect, test } from 'vitest';
import { readDocument, writeDocument } from '../../src/io/editor_format';
import { parseJson, writeJson } from '../../src/model/json';
import { goldenFiles } from './golden_files';

describe('a file that is opened and saved is the same, to the byte', () => {
  for (const { name, json } of goldenFiles('ui_graphs', '.ui.json')) {
    test(name, () => {
      expect(writeJson(writeDocument(readDocument(json)))).toBe(writeJson(json));
    });
  }
});

test('without changes even broken parts stay as they were', () => {
  const odd = `{"extra":{"2":1,"1":{"deep":[null]}},"nodes":[null,{"id":1},{"id":1,"pos":"?"},{"id":"x","inputs":[7]}],
    "links":[null,[1],["2",1,"0",1,0],{"id":3}],"groups":[{},null],"version":"0.4","reroutes":[{}],
    "definitions":{"more":1,"subgraphs":[{"id":"a"},{"id":"a"}],"x":{}},"last_node_id":null}`;
  const json = parseJson(odd);
  expect(writeJson(writeDocument(readDocument(json)))).toBe(odd.replace(/\s+/g, ''));
});

test('what is no workflow is refused in words', () => {
  for (const text of ['3', '[]', '{}', '{"nodes": {}}']) {
    expect(() => readDocument(parseJson(text))).toThrow('this is no workflow: it has no list of nodes');
  }
});
