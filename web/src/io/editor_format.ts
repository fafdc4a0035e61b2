// ComfyUI's editor format, versions 0.4 and 1: a file as a document, a document as a file. What no command changed is
// written as it was read.

import { FileError } from './file_error';
import { ROOT, type Document, type MutableDocument } from '../model/document';
import { readGraph, sameRecords, withUniqueIds, writeGraph } from '../model/graph_file';
import { isArray, isObject, type Json, type JsonObject } from '../model/json';
import { newUuid } from '../model/new_rows';
import { field, idText, list, object } from '../model/read_rows';
import { Table } from '../model/table';

export function isEditorFormat(json: Json): json is JsonObject {
  return isObject(json) && isArray(json.nodes);
}

export function readDocument(json: Json): MutableDocument {
  if (!isEditorFormat(json)) throw new FileError('this is no workflow: it has no list of nodes');
  const subgraphs = list(field(json.definitions, 'subgraphs'));
  const definitions = subgraphs.map((raw, i) => {
    if (!isObject(raw)) throw new FileError(`definitions.subgraphs: number ${i + 1} is no subgraph`);
    return readGraph(raw, idText(raw.id) ?? '?');
  });
  return { root: readGraph(json, ROOT), definitions: new Table(withUniqueIds(definitions)) };
}

export function writeDocument(document: Document): JsonObject {
  const root = writeGraph(document.root);
  const before = list(field(root.definitions, 'subgraphs'));
  const subgraphs = document.definitions.rows().map(writeGraph);
  if (sameRecords(before, subgraphs)) return root;
  return { ...root, definitions: { ...object(root.definitions), subgraphs } };
}

export function emptyDocument(): MutableDocument {
  return readDocument({
    id: newUuid(), revision: 0, last_node_id: 0, last_link_id: 0, nodes: [], links: [], groups: [], config: {}, extra: {},
    version: 0.4,
  });
}
