// What differs between two documents, node by node: for comparing runs and revisions.

import type { Registry } from './definition';
import { definitionOf, titleOf } from './definition_of';
import { allGraphs, graphOf, type Document, type Graph, type GraphId, type GraphNode, type NodeId } from './document';
import { sameJson, type Json } from './json';
import { indexOf } from './links';
import { namelessValues, valuesOf } from './values';

export type Difference =
  | { readonly kind: 'added' | 'removed'; readonly graph: GraphId; readonly node: NodeId; readonly title: string }
  | { readonly kind: 'type' | 'title'; readonly graph: GraphId; readonly node: NodeId; readonly title: string; readonly before: string; readonly after: string }
  | { readonly kind: 'mode'; readonly graph: GraphId; readonly node: NodeId; readonly title: string; readonly before: number; readonly after: number }
  | { readonly kind: 'value'; readonly graph: GraphId; readonly node: NodeId; readonly title: string; readonly name: string; readonly before: Json | undefined; readonly after: Json | undefined }
  | { readonly kind: 'link'; readonly graph: GraphId; readonly node: NodeId; readonly title: string; readonly name: string; readonly before: string | null; readonly after: string | null };

/// Nodes are the same by their ids. Positions, sizes and colours do not count.
export function difference(before: Document, after: Document, registry: Registry): Difference[] {
  const ids = [...new Set([...allGraphs(before), ...allGraphs(after)].map((graph) => graph.id))];
  return ids.flatMap((id) => graphDifference(before, after, id, registry));
}

function graphDifference(before: Document, after: Document, id: GraphId, registry: Registry): Difference[] {
  const [old, now] = [graphOf(before, id), graphOf(after, id)];
  const ids = [...new Set([...(old?.nodes.ids() ?? []), ...(now?.nodes.ids() ?? [])])];
  return ids.flatMap((node): Difference[] => {
    const [a, b] = [look(before, old, node, registry), look(after, now, node, registry)];
    if (a === null && b !== null) return [{ kind: 'added', graph: id, node, title: b.title }];
    if (b === null && a !== null) return [{ kind: 'removed', graph: id, node, title: a.title }];
    return a === null || b === null ? [] : nodeDifference(id, node, a, b);
  });
}

interface Look {
  readonly node: GraphNode;
  readonly title: string;
  readonly values: ReadonlyMap<string, Json>;
  readonly links: ReadonlyMap<string, string>;
}

function look(document: Document, graph: Graph | undefined, id: NodeId, registry: Registry): Look | null {
  const node = graph?.nodes.get(id);
  if (graph === undefined || node === undefined) return null;
  const definition = definitionOf(document, graph, node, registry);
  const values = definition === undefined ? new Map(namelessValues(node)) : valuesOf(node, definition);
  const links = new Map((indexOf(graph).to.get(id) ?? []).map((link) => [link.input, `${sourceName(document, graph, link.from, registry)} ${link.from}.${link.fromSlot}`]));
  return { node, title: titleOf(node, definition), values, links };
}

function sourceName(document: Document, graph: Graph, id: NodeId, registry: Registry): string {
  const node = graph.nodes.get(id);
  return node === undefined ? 'input' : titleOf(node, definitionOf(document, graph, node, registry));
}

function nodeDifference(graph: GraphId, node: NodeId, a: Look, b: Look): Difference[] {
  const base = { graph, node, title: b.title };
  const found: Difference[] = [];
  if (a.node.type !== b.node.type) found.push({ kind: 'type', ...base, before: a.node.type, after: b.node.type });
  if (a.title !== b.title && a.node.type === b.node.type) found.push({ kind: 'title', ...base, before: a.title, after: b.title });
  if (a.node.mode !== b.node.mode) found.push({ kind: 'mode', ...base, before: a.node.mode, after: b.node.mode });
  for (const name of new Set([...a.values.keys(), ...b.values.keys()])) {
    const [before, after] = [a.values.get(name), b.values.get(name)];
    if (!sameJson(before, after)) found.push({ kind: 'value', ...base, name, before, after });
  }
  for (const name of new Set([...a.links.keys(), ...b.links.keys()])) {
    const [before, after] = [a.links.get(name) ?? null, b.links.get(name) ?? null];
    if (before !== after) found.push({ kind: 'link', ...base, name, before, after });
  }
  return found;
}
