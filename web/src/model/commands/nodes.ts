// Adding, removing and replacing nodes.

import type { NodeDefinition } from '../definition';
import { definitionOf } from '../definition_of';
import { SEARCH_NAME } from '../editor_names';
import type { GraphId, GraphNode, InputSocket, NodeId, OutputSocket, Point } from '../document';
import type { Json, JsonObject } from '../json';
import { indexOf, linkInto, type LiveLink } from '../links';
import { newInput, newNode, newOutput } from '../new_rows';
import { defaultSize } from '../node_size';
import { done, refused, type Outcome } from '../outcome';
import { inputViews, outputViews } from '../sockets';
import { isAny, typesFit } from '../types';
import { makeValues, valuesOf } from '../values';
import type { Transaction } from '../transaction';
import { contains } from './instances';
import { clearInput } from './link_rows';
import { connect } from './links';

export interface NewNodeOptions {
  readonly title?: string;
  readonly size?: Point;
  /// Values by name; the others are the defaults.
  readonly values?: ReadonlyMap<string, Json>;
}

export function addNode(tx: Transaction, graph: GraphId, definition: NodeDefinition, pos: Point, options: NewNodeOptions = {}): Outcome<NodeId> {
  if (definition.origin === 'subgraph' && contains(tx.document, definition.type, graph)) {
    return refused(`${definition.displayName} cannot stand inside itself`);
  }
  const id = tx.newId(graph, 'nodes');
  tx.insert(graph, 'nodes', newNode({
    id,
    type: definition.type,
    pos,
    size: options.size ?? defaultSize(definition),
    inputs: newInputs(definition),
    outputs: newOutputs(definition),
    values: makeValues(definition, options.values),
    title: options.title ?? null,
    properties: newProperties(definition),
  }));
  return done(id);
}

/// Sockets without a widget first, as editors write them.
function newInputs(definition: NodeDefinition): InputSocket[] {
  if (definition.origin === 'note') return [];
  const sockets = definition.inputs.filter((input) => input.widget === null).map((input) => newInput(input.name, input.type));
  const widgets = definition.inputs.filter((input) => input.widget !== null).map((input) => newInput(input.name, input.type, input.name));
  return [...sockets, ...widgets];
}

function newOutputs(definition: NodeDefinition): OutputSocket[] {
  return definition.outputs.map((output) => newOutput(output.name, output.type));
}

function newProperties(definition: NodeDefinition): JsonObject {
  return definition.origin === 'server' ? { [SEARCH_NAME]: definition.type } : {};
}

/// Removes nodes with all their links.
export function removeNodes(tx: Transaction, graph: GraphId, ids: readonly NodeId[]): void {
  clearNodes(tx, graph, ids);
  for (const id of ids) tx.remove(graph, 'nodes', id);
}

function clearNodes(tx: Transaction, graph: GraphId, ids: readonly NodeId[]): void {
  const gone = new Set(ids);
  const { links, broken } = indexOf(tx.graph(graph));
  for (const link of links) {
    if (gone.has(link.from) || gone.has(link.to)) clearInput(tx, graph, { node: link.to, input: link.input });
  }
  // Links of the file that lead nowhere but name these nodes.
  for (const each of broken) {
    if (gone.has(each.node) || gone.has(tx.graph(graph).links.get(each.link)?.from ?? '')) clearInput(tx, graph, each);
  }
  for (const link of tx.graph(graph).links.rows()) {
    if (!link.broken && (gone.has(link.from) || gone.has(link.to))) tx.remove(graph, 'links', link.id);
  }
}

/// Removes nodes and links what fed them to what they fed, by type.
export function removeAndReconnect(tx: Transaction, graph: GraphId, ids: readonly NodeId[]): void {
  for (const id of ids) {
    for (const link of indexOf(tx.graph(graph)).from.get(id) ?? []) {
      const source = passedThrough(tx, graph, id, link);
      if (source !== undefined) connect(tx, graph, { node: source.from, slot: source.fromSlot }, { node: link.to, input: link.input });
    }
    removeNodes(tx, graph, [id]);
  }
}

/// What would come out of this link if its source were not there: the link into the input at the same position if its type
/// fits, else into the first input of exactly the type, else into the first that fits.
export function passedThrough(
  tx: Pick<Transaction, 'document' | 'registry' | 'graph'>, graph: GraphId, id: NodeId, link: Pick<LiveLink, 'fromSlot' | 'type'>,
): LiveLink | undefined {
  const node = tx.graph(graph).nodes.get(id);
  if (node === undefined) return undefined;
  const definition = definitionOf(tx.document, tx.graph(graph), node, tx.registry);
  const inputs = inputViews(node, definition);
  const type = outputViews(node, definition)[link.fromSlot]?.type ?? link.type;
  const samePlace = inputs[link.fromSlot];
  const order = isAny(type)
    ? [samePlace ?? inputs[0]]
    : [
        ...(samePlace && typesFit(samePlace.type, type) ? [samePlace] : []),
        ...inputs.filter((input) => input.type === type),
        ...inputs.filter((input) => typesFit(input.type, type)),
      ];
  const chosen = order.find((input) => input?.link != null) ?? order[0];
  return chosen && linkInto(tx.graph(graph), id, chosen.key);
}

/// Puts a node of another type in a node's place. Values are kept by name; links by name, else by type.
export function replaceNode(tx: Transaction, graph: GraphId, id: NodeId, definition: NodeDefinition): Outcome<NodeId> {
  if (definition.origin === 'subgraph' && contains(tx.document, definition.type, graph)) {
    return refused(`${definition.displayName} cannot stand inside itself`);
  }
  const before = tx.row(graph, 'nodes', id);
  const old = definitionOf(tx.document, tx.graph(graph), before, tx.registry);
  const index = indexOf(tx.graph(graph));
  const [into, outOf] = [index.to.get(id) ?? [], index.from.get(id) ?? []];
  const outputs = outputViews(before, old);
  clearNodes(tx, graph, [id]);
  tx.update(graph, 'nodes', id, replaced(tx.row(graph, 'nodes', id), old, definition));
  const taken = new Set<string>();
  for (const link of into) {
    const input = chooseInput(definition, link, taken);
    if (input !== undefined && connect(tx, graph, { node: link.from, slot: link.fromSlot }, { node: id, input }).ok) taken.add(input);
  }
  for (const link of outOf) {
    const slot = chooseOutput(definition, outputs[link.fromSlot]?.label ?? '', outputs[link.fromSlot]?.type ?? link.type, link.fromSlot);
    if (slot !== -1) connect(tx, graph, { node: id, slot }, { node: link.to, input: link.input });
  }
  return done(id);
}

function replaced(node: GraphNode, old: NodeDefinition | undefined, definition: NodeDefinition): Partial<GraphNode> {
  const named = old === undefined ? new Map<string, Json>() : valuesOf(node, old);
  const [width, height] = defaultSize(definition);
  const { [SEARCH_NAME]: _, ...properties } = node.properties;
  return {
    type: definition.type,
    size: [Math.max(node.size[0], width), Math.max(node.size[1], height)],
    inputs: newInputs(definition),
    outputs: newOutputs(definition),
    values: makeValues(definition, named),
    properties: { ...properties, ...newProperties(definition) },
  };
}

function chooseInput(definition: NodeDefinition, link: LiveLink, taken: ReadonlySet<string>): string | undefined {
  const free = definition.inputs.filter((input) => !taken.has(input.name) && typesFit(input.type, link.type));
  const byName = free.find((input) => input.name === link.input);
  return (byName ?? free.find((input) => input.widget === null && input.type === link.type))?.name;
}

function chooseOutput(definition: NodeDefinition, name: string, type: string, place: number): number {
  const fits = definition.outputs.map((output) => typesFit(output.type, type));
  const byName = definition.outputs.findIndex((output, i) => fits[i] && output.name === name);
  if (byName !== -1) return byName;
  return fits[place] ? place : fits.indexOf(true);
}
