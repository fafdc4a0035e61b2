// Connecting and disconnecting.

import { whyNotConnect, outputType, inputType } from '../connection';
import type { NodeDefinition } from '../definition';
import { definitionOf } from '../definition_of';
import type { GraphId, LinkId, NodeId } from '../document';
import { indexOf, linkInto, linksFrom } from '../links';
import { done, refused, type Outcome } from '../outcome';
import { object } from '../read_rows';
import { inputViews, outputViews } from '../sockets';
import { isAny, typesFit } from '../types';
import { makeValues, valueOf } from '../values';
import type { Transaction } from '../transaction';
import { addLink, clearInput, type Source, type Target } from './link_rows';

export type { Source, Target } from './link_rows';

/// Links an output to an input; what fed the input before goes.
export function connect(tx: Transaction, graph: GraphId, from: Source, to: Target): Outcome<LinkId> {
  const present = linkInto(tx.graph(graph), to.node, to.input);
  if (present !== undefined && present.from === from.node && present.fromSlot === from.slot) return done(present.id);
  const reason = whyNotConnect(tx.document, tx.registry, tx.graph(graph), from, to);
  if (reason !== null) return refused(reason);
  const types = [outputType(tx.document, tx.registry, tx.graph(graph), from), inputType(tx.document, tx.registry, tx.graph(graph), to)];
  const type = types.find((name) => name !== null && !isAny(name)) ?? '*';
  clearInput(tx, graph, to);
  const id = addLink(tx, graph, from, to, type);
  adoptType(tx, graph, from, to, type);
  return done(id);
}

export function disconnect(tx: Transaction, graph: GraphId, to: Target): void {
  clearInput(tx, graph, to);
}

/// Takes a link away from every input that holds it.
export function removeLinks(tx: Transaction, graph: GraphId, ids: readonly LinkId[]): void {
  const gone = indexOf(tx.graph(graph)).links.filter((link) => ids.includes(link.id) || ids.includes(link.key));
  for (const link of gone) clearInput(tx, graph, { node: link.to, input: link.input });
}

export function disconnectOutput(tx: Transaction, graph: GraphId, from: Source): void {
  for (const link of linksFrom(tx.graph(graph), from.node, from.slot)) clearInput(tx, graph, { node: link.to, input: link.input });
}

/// Moves all links of an output to another one. Refused as a whole if one of them may not go there.
export function moveOutputLinks(tx: Transaction, graph: GraphId, from: Source, to: Source): Outcome<LinkId[]> {
  const links = linksFrom(tx.graph(graph), from.node, from.slot);
  return allOrNothing(tx, () => links.map((link) => connect(tx, graph, to, { node: link.to, input: link.input })));
}

/// Moves the link of an input to another input.
export function moveInputLink(tx: Transaction, graph: GraphId, from: Target, to: Target): Outcome<LinkId> {
  const link = linkInto(tx.graph(graph), from.node, from.input);
  if (link === undefined) return refused('nothing is linked there');
  const mark = tx.operations.length;
  clearInput(tx, graph, from);
  const result = connect(tx, graph, { node: link.from, slot: link.fromSlot }, to);
  if (!result.ok) tx.rollback(mark);
  return result;
}

/// Puts a node into a link: what fed the link feeds the node's first fitting free input, its first fitting output feeds on.
export function insertOnLink(tx: Transaction, graph: GraphId, id: NodeId, link: LinkId): Outcome<LinkId[]> {
  const live = indexOf(tx.graph(graph)).links.find((other) => other.key === link || other.id === link);
  if (live === undefined) return refused('this link is gone');
  if (live.from === id || live.to === id) return refused('the node is at the end of this link');
  const plan = whereInserted(tx, graph, id, live.type);
  if (plan === null) return refused(`${titleText(tx, graph, id)} has no free input and output for ${live.type}`);
  const target = { node: live.to, input: live.input };
  return allOrNothing(tx, () => {
    clearInput(tx, graph, target);
    return [
      connect(tx, graph, { node: live.from, slot: live.fromSlot }, { node: id, input: plan.input }),
      connect(tx, graph, { node: id, slot: plan.slot }, target),
    ];
  });
}

/// The sockets by which a node would go into a link of a type; null if it cannot.
export function whereInserted(tx: Pick<Transaction, 'document' | 'registry' | 'graph'>, graph: GraphId, id: NodeId, type: string): { input: string; slot: number } | null {
  const node = tx.graph(graph).nodes.get(id);
  if (node === undefined) return null;
  const definition = definitionOf(tx.document, tx.graph(graph), node, tx.registry);
  const free = inputViews(node, definition).filter((view) => view.link === null && view.definition?.widget == null);
  const input = bestOf(free, type);
  const output = bestOf(outputViews(node, definition), type);
  return input && output ? { input: input.key, slot: output.index } : null;
}

function bestOf<T extends { type: string }>(views: readonly T[], type: string): T | undefined {
  return views.find((view) => view.type === type) ?? views.find((view) => typesFit(view.type, type));
}

/// Runs commands that may be refused; at the first refusal none of them has happened.
export function allOrNothing<T>(tx: Transaction, run: () => Outcome<T>[]): Outcome<T[]> {
  const mark = tx.operations.length;
  const outcomes = run();
  const refusal = outcomes.find((outcome) => !outcome.ok);
  if (refusal !== undefined && !refusal.ok) {
    tx.rollback(mark);
    return refusal;
  }
  return done(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
}

function titleText(tx: Transaction, graph: GraphId, id: NodeId): string {
  const node = tx.row(graph, 'nodes', id);
  return node.title ?? definitionOf(tx.document, tx.graph(graph), node, tx.registry)?.displayName ?? node.type;
}

/// Reroutes and primitives take the type of what they are linked to; a primitive takes the value as well.
function adoptType(tx: Transaction, graph: GraphId, from: Source, to: Target, type: string): void {
  const origin = (id: NodeId) => {
    const node = tx.graph(graph).nodes.get(id);
    return node && definitionOf(tx.document, tx.graph(graph), node, tx.registry)?.origin;
  };
  if (origin(to.node) === 'reroute') adoptInReroutes(tx, graph, to.node, type, new Set());
  if (origin(from.node) === 'reroute' && !isAny(type)) adoptInReroutes(tx, graph, from.node, type, new Set([to.node]));
  if (origin(from.node) === 'primitive') adoptInPrimitive(tx, graph, from.node, to, type);
}

function adoptInReroutes(tx: Transaction, graph: GraphId, id: NodeId, type: string, seen: Set<NodeId>): void {
  if (seen.has(id)) return;
  seen.add(id);
  const node = tx.graph(graph).nodes.get(id);
  if (node === undefined || definitionOf(tx.document, tx.graph(graph), node, tx.registry)?.origin !== 'reroute') return;
  const outputs = node.outputs.map((output, i) => (i === 0 && output.type !== type ? { ...output, name: type, type } : output));
  if (outputs.some((output, i) => output !== node.outputs[i])) tx.update(graph, 'nodes', id, { outputs });
  for (const link of indexOf(tx.graph(graph)).from.get(id) ?? []) adoptInReroutes(tx, graph, link.to, type, seen);
}

function adoptInPrimitive(tx: Transaction, graph: GraphId, id: NodeId, to: Target, type: string): void {
  const node = tx.row(graph, 'nodes', id);
  const output = node.outputs[0];
  if (output !== undefined && isAny(output.type)) {
    const named = { ...output, name: type, type, raw: { ...object(output.raw), widget: { name: to.input } } };
    tx.update(graph, 'nodes', id, { outputs: [named, ...node.outputs.slice(1)] });
  }
  if (node.values !== undefined) return;
  const definition = definitionOf(tx.document, tx.graph(graph), tx.row(graph, 'nodes', id), tx.registry);
  const target = tx.graph(graph).nodes.get(to.node);
  const targetDefinition: NodeDefinition | undefined = target && definitionOf(tx.document, tx.graph(graph), target, tx.registry);
  if (definition === undefined || target === undefined || targetDefinition === undefined) return;
  const value = valueOf(target, targetDefinition, to.input);
  const values = makeValues(definition, value === undefined ? new Map() : new Map([['value', value]]), 'fixed');
  if (values !== undefined) tx.update(graph, 'nodes', id, { values });
}

export function sourceOf(tx: Transaction, graph: GraphId, to: Target): Source | null {
  const link = linkInto(tx.graph(graph), to.node, to.input);
  return link === undefined ? null : { node: link.from, slot: link.fromSlot };
}

