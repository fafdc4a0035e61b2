// Whether an output may feed an input, and if not, why: in words for the user.

import type { NodeDefinition, Registry } from './definition';
import { definitionOf, titleOf } from './definition_of';
import { INPUT_NODE, OUTPUT_NODE, type Document, type Graph, type NodeId } from './document';
import { boundaryKeys, indexOf } from './links';
import { inputView, outputViews, type InputView } from './sockets';
import { isAny, typesFit, whyTypesDiffer } from './types';

export interface From {
  readonly node: NodeId;
  readonly slot: number;
}
export interface To {
  readonly node: NodeId;
  readonly input: string;
}

/// null: it may.
export function whyNotConnect(document: Document, registry: Registry, graph: Graph, from: From, to: To): string | null {
  const outputs = outputType(document, registry, graph, from);
  if (outputs === null) return `there is no such output`;
  const input = inputType(document, registry, graph, to);
  if (input === null) return `there is no such input`;
  if (originOf(document, registry, graph, from.node) === 'primitive' && to.node !== OUTPUT_NODE) {
    const view = viewOf(document, registry, graph, to);
    if (view?.definition?.widget == null) return 'a primitive can only feed a value';
  }
  if (!typesFit(outputs, input)) return whyTypesDiffer(outputs, input);
  const circle = pathBetween(graph, to.node, from.node);
  if (circle !== null) return `this would make a circle: ${[...circle, to.node].map((id) => nameOf(document, registry, graph, id)).join(' → ')}`;
  return null;
}

/// The type of an output. A reroute has the type of what it passes on.
export function outputType(document: Document, registry: Registry, graph: Graph, from: From, depth = 0): string | null {
  if (from.node === INPUT_NODE) return graph.header.inputs[from.slot]?.type ?? null;
  const node = graph.nodes.get(from.node);
  if (node === undefined) return null;
  const definition = definitionOf(document, graph, node, registry);
  if (definition?.origin === 'reroute' && depth < graph.nodes.size) {
    const source = indexOf(graph).to.get(node.id)?.[0];
    return source === undefined ? '*' : outputType(document, registry, graph, { node: source.from, slot: source.fromSlot }, depth + 1);
  }
  if (definition?.origin === 'primitive' && !indexOf(graph).from.has(node.id)) return '*';
  return outputViews(node, definition)[from.slot]?.type ?? null;
}

/// The type of an input. A reroute takes what those behind it take.
export function inputType(document: Document, registry: Registry, graph: Graph, to: To, depth = 0): string | null {
  if (to.node === OUTPUT_NODE) return graph.header.outputs[boundaryKeys(graph, 'outputs').indexOf(to.input)]?.type ?? null;
  const node = graph.nodes.get(to.node);
  if (node === undefined) return null;
  const definition = definitionOf(document, graph, node, registry);
  if (definition?.origin === 'reroute' && depth < graph.nodes.size) {
    const behind = (indexOf(graph).from.get(node.id) ?? []).map((link) => inputType(document, registry, graph, { node: link.to, input: link.input }, depth + 1));
    return behind.find((type) => type !== null && !isAny(type)) ?? '*';
  }
  return inputView(node, definition, to.input)?.type ?? null;
}

function viewOf(document: Document, registry: Registry, graph: Graph, to: To): InputView | undefined {
  const node = graph.nodes.get(to.node);
  return node && inputView(node, definitionOf(document, graph, node, registry), to.input);
}

function originOf(document: Document, registry: Registry, graph: Graph, id: NodeId): NodeDefinition['origin'] | undefined {
  const node = graph.nodes.get(id);
  return node && definitionOf(document, graph, node, registry)?.origin;
}

function nameOf(document: Document, registry: Registry, graph: Graph, id: NodeId): string {
  const node = graph.nodes.get(id);
  return node === undefined ? id : titleOf(node, definitionOf(document, graph, node, registry));
}

/// A way along links from one node to another; a node reaches itself.
export function pathBetween(graph: Graph, start: NodeId, end: NodeId): NodeId[] | null {
  const cameFrom = new Map<NodeId, NodeId | null>([[start, null]]);
  const queue = [start];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    if (id === end) return backTo(cameFrom, id);
    for (const link of indexOf(graph).from.get(id) ?? []) {
      if (cameFrom.has(link.to)) continue;
      cameFrom.set(link.to, id);
      queue.push(link.to);
    }
  }
  return null;
}

function backTo(cameFrom: ReadonlyMap<NodeId, NodeId | null>, end: NodeId): NodeId[] {
  const path: NodeId[] = [];
  for (let id: NodeId | null = end; id !== null; id = cameFrom.get(id) ?? null) path.unshift(id);
  return path;
}

/// The inputs and outputs that a link being dragged may go to, for lighting them up.
export function fittingInputs(document: Document, registry: Registry, graph: Graph, from: From): To[] {
  return graph.nodes.rows().flatMap((node) => {
    const definition = definitionOf(document, graph, node, registry);
    const keys = [...new Set([...(definition?.inputs ?? []).map((input) => input.name), ...node.inputs.map((input) => input.name)])];
    return keys.map((input) => ({ node: node.id, input })).filter((to) => whyNotConnect(document, registry, graph, from, to) === null);
  });
}

