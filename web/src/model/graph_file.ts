// One graph of a file, root or subgraph: its record as tables, its tables as a record.

import type { Graph, GraphHeader, MutableGraph } from './document';
import { isArray, isObject, sameJson, type Json, type JsonObject } from './json';
import { field, idText, list, object, readGroup, readHeader, readLink, readNode, readReroute, writesLinkObjects } from './read_rows';
import { Table, type Row } from './table';
import { idJson, writeGroup, writeHeader, writeLink, writeNode, writeReroute } from './write_rows';

export function readGraph(raw: JsonObject, id: string): MutableGraph {
  const header = readHeader(raw);
  const parents = new Map(list(header.extra.linkExtensions).map((entry) => [
    idText(field(entry, 'id')), idText(field(entry, 'parentId')),
  ]));
  const links = list(raw.links).map((entry, i) => {
    const link = readLink(entry, `?${i}`);
    return isArray(entry) ? { ...link, parent: parents.get(link.id) ?? null } : link;
  });
  return {
    id,
    header,
    nodes: new Table(withUniqueIds(list(raw.nodes).map((entry, i) => readNode(entry, idText(field(entry, 'id')) ?? `?${i}`)))),
    links: new Table(withUniqueIds(links)),
    groups: new Table(withUniqueIds(list(raw.groups).map((entry, i) => readGroup(entry, `?${i}`)))),
    reroutes: new Table(withUniqueIds(reroutesOf(header).map((entry, i) => readReroute(entry, `?${i}`)))),
    version: 0,
    wiring: 0,
  };
}

export function writeGraph(graph: Graph): JsonObject {
  const linkObjects = writesLinkObjects(graph);
  const links = graph.links.rows().map((link) => writeLink(link, linkObjects));
  let raw = writeHeader(graph.header);
  raw = withList(raw, 'nodes', graph.nodes.rows().map(writeNode));
  raw = withList(raw, 'links', links);
  raw = withList(raw, 'groups', graph.groups.rows().map(writeGroup));
  const reroutes = graph.reroutes.rows().map(writeReroute);
  if (raw.reroutes !== undefined || (linkObjects && field(raw.extra, 'reroutes') === undefined)) {
    raw = withList(raw, 'reroutes', reroutes);
  } else {
    raw = withExtra(raw, withList(object(raw.extra), 'reroutes', reroutes));
  }
  const extra = object(raw.extra);
  return withExtra(raw, withList(extra, 'linkExtensions', linkExtensions(graph, list(extra.linkExtensions))));
}

function reroutesOf(header: GraphHeader): readonly Json[] {
  return list(header.raw.reroutes ?? header.extra.reroutes);
}

/// Links written as lists have their reroute in a list of its own. Entries of links that are gone go; those that never
/// named a link of this file stay.
function linkExtensions(graph: Graph, before: readonly Json[]): readonly Json[] {
  const atFirst = new Set(list(graph.header.raw.links).map((entry) => idText(isArray(entry) ? entry[0] : field(entry, 'id'))));
  const missing = new Map(graph.links.rows().filter((link) => !isObject(link.raw)).map((link) => [link.id, link.parent]));
  const kept = before.flatMap((entry) => {
    const id = idText(field(entry, 'id')) ?? '';
    const parent = missing.get(id);
    missing.delete(id);
    if (parent === undefined) return atFirst.has(id) && !graph.links.has(id) ? [] : [entry];
    if (parent === null) return [];
    return idText(field(entry, 'parentId')) === parent ? [entry] : [{ ...object(entry), parentId: idJson(parent) }];
  });
  const added = [...missing].flatMap(([id, parent]) => (parent === null ? [] : [{ id: idJson(id), parentId: idJson(parent) }]));
  return [...kept, ...added];
}

function withExtra(raw: JsonObject, extra: JsonObject): JsonObject {
  return sameJson(extra, object(raw.extra)) ? raw : { ...raw, extra };
}

/// A list that is empty and was not there before is not put in.
function withList(raw: JsonObject, name: string, rows: readonly Json[]): JsonObject {
  const before = raw[name];
  if (sameRecords(list(before), rows) && (isArray(before) || rows.length === 0)) return raw;
  return { ...raw, [name]: rows };
}

export function sameRecords(before: readonly Json[], now: readonly Json[]): boolean {
  return before.length === now.length && before.every((record, i) => record === now[i] || sameJson(record, now[i]));
}

/// Files name things twice now and then. The first one keeps the id; the others are kept under a name of their own.
export function withUniqueIds<T extends Row>(rows: readonly T[]): T[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    let id = row.id;
    for (let count = 2; seen.has(id); count++) id = `${row.id}#${count}`;
    seen.add(id);
    return id === row.id ? row : { ...row, id };
  });
}
