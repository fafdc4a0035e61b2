// Values of widgets, modes, and widgets as sockets.

import { definitionOf } from '../definition_of';
import { MODE_ON, ROOT, type GraphId, type NodeId } from '../document';
import { isArray, isObject, sameJson, type Json } from '../json';
import { done, refused, type Outcome } from '../outcome';
import { inputKeys } from '../sockets';
import { controlOf, valueOf, withControl, withValue, type Control } from '../values';
import type { Transaction } from '../transaction';
import { instancesOf } from './instances';
import { clearInput, ensureInput, renumber } from './link_rows';
import { forkDefinition } from './fork';

export function setValue(tx: Transaction, graph: GraphId, id: NodeId, name: string, value: Json): void {
  const { node, definition } = known(tx, graph, id);
  if (sameJson(valueOf(node, definition, name), value) && node.values !== undefined) return;
  tx.update(graph, 'nodes', id, { values: withValue(node, definition, name, value) });
}

export function setControl(tx: Transaction, graph: GraphId, id: NodeId, name: string, control: Control): void {
  const { node, definition } = known(tx, graph, id);
  if (controlOf(node, definition, name) === control) return;
  tx.update(graph, 'nodes', id, { values: withControl(node, definition, name, control) });
}

/// A value of a node whose type is unknown, by its place or key.
export function setNamelessValue(tx: Transaction, graph: GraphId, id: NodeId, place: number | string, value: Json): void {
  const { values } = tx.row(graph, 'nodes', id);
  if (isArray(values)) tx.update(graph, 'nodes', id, { values: values.map((old, i) => (i === place ? value : old)) });
  else if (isObject(values)) tx.update(graph, 'nodes', id, { values: { ...values, [place]: value } });
}

function known(tx: Transaction, graph: GraphId, id: NodeId) {
  const node = tx.row(graph, 'nodes', id);
  const definition = definitionOf(tx.document, tx.graph(graph), node, tx.registry);
  if (definition === undefined) throw new Error(`node ${id} is of the unknown type ${node.type}`);
  return { node, definition };
}

/// Sets the mode: on, muted, bypassed. An instance of a subgraph has it inside as well, for it is the inner nodes that run.
export function setMode(tx: Transaction, graph: GraphId, ids: readonly NodeId[], mode: number): void {
  for (const id of ids) {
    const node = tx.row(graph, 'nodes', id);
    if (node.mode === mode) continue;
    tx.update(graph, 'nodes', id, { mode });
    if (tx.document.definitions.has(node.type)) setInnerModes(tx, graph, id, node.mode, mode);
  }
}

/// Inner nodes that stood as the instance did go with it.
function setInnerModes(tx: Transaction, graph: GraphId, id: NodeId, before: number, mode: number): void {
  if (instancesOf(tx.document, tx.row(graph, 'nodes', id).type).length > 1) forkDefinition(tx, graph, id);
  const inner = tx.row(graph, 'nodes', id).type;
  if (inner === ROOT) return;
  const together = tx.graph(inner).nodes.rows().filter((node) => node.mode === before || node.mode === MODE_ON);
  setMode(tx, inner, together.map((node) => node.id), mode);
}

/// The mode for all, or on again if all have it.
export function toggleMode(tx: Transaction, graph: GraphId, ids: readonly NodeId[], mode: number): void {
  const all = ids.every((id) => tx.row(graph, 'nodes', id).mode === mode);
  setMode(tx, graph, ids, all ? MODE_ON : mode);
}

/// Gives a widget a socket.
export function widgetToSocket(tx: Transaction, graph: GraphId, id: NodeId, name: string): void {
  ensureInput(tx, graph, { node: id, input: name });
}

/// Takes a widget's socket away, with its link. Its value is the stored one again.
export function socketToWidget(tx: Transaction, graph: GraphId, id: NodeId, name: string): Outcome<null> {
  const { definition } = known(tx, graph, id);
  const declared = definition.inputs.find((input) => input.name === name);
  if (declared === undefined || declared.widget === null) return refused(`${name} is a socket only`);
  clearInput(tx, graph, { node: id, input: name });
  const node = tx.row(graph, 'nodes', id);
  const index = inputKeys(node).indexOf(name);
  if (index === -1) return done(null);
  tx.update(graph, 'nodes', id, { inputs: node.inputs.filter((_, i) => i !== index) });
  renumber(tx, graph, id);
  return done(null);
}
