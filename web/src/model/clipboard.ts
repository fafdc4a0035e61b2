// A part of a graph as JSON text, for the clipboard. It has the shape of a graph with links as objects, so that other
// editors understand the nodes.

import { graphOf, type Document, type Graph, type GraphId, type GroupId, type NodeId, type RerouteId } from './document';
import { writeGraph } from './graph_file';
import { isArray, isObject, parseJson, writeJson, type Json, type JsonObject } from './json';
import { indexOf } from './links';
import { field, list } from './read_rows';
import { writeGroup, writeLink, writeNode, writeReroute } from './write_rows';

export interface Selection {
  readonly nodes: readonly NodeId[];
  readonly groups?: readonly GroupId[];
  readonly reroutes?: readonly RerouteId[];
}

/// Links into the selection from outside are in it too; pasting takes them or leaves them.
export function copyText(document: Document, graph: GraphId, selection: Selection): string {
  return writeJson(copyJson(document, graphOf(document, graph) as Graph, selection));
}

export function copyJson(document: Document, graph: Graph, selection: Selection): JsonObject {
  const nodes = new Set(selection.nodes);
  const inner = indexOf(graph).links.filter((link) => nodes.has(link.to) && (nodes.has(link.from) || graph.nodes.has(link.from)));
  const links = [...new Set(inner.map((link) => link.id))];
  const whole = (id: RerouteId) => {
    const row = graph.reroutes.get(id);
    return row !== undefined && row.links.every((link) => links.includes(link));
  };
  const reroutes = graph.reroutes.rows().filter(({ id, links: passing }) => passing.length > 0 && whole(id));
  const copied = graph.nodes.rows().filter(({ id }) => nodes.has(id));
  return {
    heddle: 'clipboard/1',
    nodes: copied.map(writeNode),
    links: graph.links.rows().filter(({ id }) => links.includes(id)).map((link) => writeLink({ ...link, raw: null }, true)),
    groups: graph.groups.rows().filter(({ id }) => selection.groups?.includes(id)).map(writeGroup),
    reroutes: reroutes.map(writeReroute),
    subgraphs: definitionsUsed(document, copied.map(({ type }) => type)).map(writeGraph),
  };
}

/// The definitions of these types and of all inside them.
export function definitionsUsed(document: Document, types: readonly string[]): Graph[] {
  const found = new Map<GraphId, Graph>();
  const queue = [...types];
  for (let type = queue.pop(); type !== undefined; type = queue.pop()) {
    const graph = document.definitions.get(type);
    if (graph === undefined || found.has(type)) continue;
    found.set(type, graph);
    queue.push(...graph.nodes.rows().map((node) => node.type));
  }
  return [...found.values()];
}

/// What a text on the clipboard holds of a graph; null: nothing. Whole workflows count too.
export function clipboardJson(text: string): JsonObject | null {
  let json: Json;
  try {
    json = parseJson(text);
  } catch {
    return null;
  }
  if (!isObject(json) || !isArray(json.nodes) || !json.nodes.every(isObject)) return null;
  const subgraphs = isArray(json.subgraphs) ? json.subgraphs : list(field(json.definitions, 'subgraphs'));
  return { ...json, subgraphs };
}
