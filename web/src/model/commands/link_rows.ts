// Making and removing links, with everything that names them kept in step: the input that holds the link, the output that
// lists it, a subgraph's boundary, reroutes. Other commands ask before whether it may be.

import { INPUT_NODE, OUTPUT_NODE, type GraphId, type GraphNode, type Link, type LinkId, type NodeId } from '../document';
import { definitionOf } from '../definition_of';
import { boundaryKeys, linkInto } from '../links';
import { newInput, newLink, newOutput } from '../new_rows';
import { inputKeys, inputView, outputViews } from '../sockets';
import type { Transaction } from '../transaction';
import { keepingInstanceValues } from './instances';

export interface Source {
  readonly node: NodeId;
  readonly slot: number;
}

export interface Target {
  readonly node: NodeId;
  /// The key of the input.
  readonly input: string;
}

/// The input must be free.
export function addLink(tx: Transaction, graph: GraphId, from: Source, to: Target, type: string): LinkId {
  if (from.node === INPUT_NODE) return keepingInstanceValues(tx, graph, () => insertLink(tx, graph, from, to, type));
  return insertLink(tx, graph, from, to, type);
}

function insertLink(tx: Transaction, graph: GraphId, from: Source, to: Target, type: string): LinkId {
  const id = tx.newId(graph, 'links');
  const toSlot = to.node === OUTPUT_NODE ? boundaryKeys(tx.graph(graph), 'outputs').indexOf(to.input) : ensureInput(tx, graph, to);
  if (from.node !== INPUT_NODE) ensureOutput(tx, graph, from);
  tx.insert(graph, 'links', newLink({ id, from: from.node, fromSlot: from.slot, to: to.node, toSlot, type }));
  changeOutputLinks(tx, graph, from, (links) => [...links, id]);
  if (to.node === OUTPUT_NODE) changeBoundaryLinks(tx, graph, 'outputs', toSlot, (links) => [...links, id]);
  else setInputLink(tx, graph, to.node, toSlot, id);
  return id;
}

/// Frees an input. Works on the rows alone, so that taking many links away stays quick.
export function clearInput(tx: Transaction, graph: GraphId, to: Target): void {
  const link = heldLink(tx, graph, to);
  if (link === null) return;
  if (tx.graph(graph).links.get(link)?.from === INPUT_NODE) keepingInstanceValues(tx, graph, () => releaseInput(tx, graph, to, link));
  else releaseInput(tx, graph, to, link);
}

function heldLink(tx: Transaction, graph: GraphId, to: Target): LinkId | null {
  if (to.node === OUTPUT_NODE) return linkInto(tx.graph(graph), to.node, to.input)?.id ?? null;
  const node = tx.row(graph, 'nodes', to.node);
  return node.inputs[inputKeys(node).indexOf(to.input)]?.link ?? null;
}

function releaseInput(tx: Transaction, graph: GraphId, to: Target, link: LinkId): void {
  if (to.node === OUTPUT_NODE) return dropLinkRow(tx, graph, link);
  setInputLink(tx, graph, to.node, inputKeys(tx.row(graph, 'nodes', to.node)).indexOf(to.input), null);
  const heldElsewhere = tx.graph(graph).nodes.rows().some((other) => other.inputs.some((input) => input.link === link));
  if (!heldElsewhere) dropLinkRow(tx, graph, link);
}

function dropLinkRow(tx: Transaction, graph: GraphId, id: LinkId): void {
  const link = tx.graph(graph).links.get(id);
  if (link === undefined) return;
  changeOutputLinks(tx, graph, { node: link.from, slot: link.fromSlot }, (links) => links.filter((other) => other !== id));
  if (link.to === OUTPUT_NODE) changeBoundaryLinks(tx, graph, 'outputs', link.toSlot, (links) => links.filter((other) => other !== id));
  leaveReroutes(tx, graph, id);
  tx.remove(graph, 'links', id);
}

/// Reroutes that no link passes any more go with it, unless the file draws a loose end there.
export function leaveReroutes(tx: Transaction, graph: GraphId, link: LinkId): void {
  for (const reroute of tx.graph(graph).reroutes.rows()) {
    if (!reroute.links.includes(link)) continue;
    const links = reroute.links.filter((other) => other !== link);
    const isLoose = typeof reroute.raw === 'object' && reroute.raw !== null && 'floating' in reroute.raw;
    if (links.length > 0 || isLoose) tx.update(graph, 'reroutes', reroute.id, { links });
    else tx.remove(graph, 'reroutes', reroute.id);
  }
}

/// The place of the input in the node's list, where it is added if need be.
export function ensureInput(tx: Transaction, graph: GraphId, to: Target): number {
  const node = tx.row(graph, 'nodes', to.node);
  const index = inputKeys(node).indexOf(to.input);
  if (index !== -1) return index;
  const definition = definitionOf(tx.document, tx.graph(graph), node, tx.registry);
  const view = inputView(node, definition, to.input);
  if (view === undefined) throw new Error(`node ${node.id} has no input ${to.input}`);
  const widget = view.definition?.widget ? to.input : null;
  tx.update(graph, 'nodes', node.id, { inputs: [...node.inputs, newInput(to.input, view.type, widget)] });
  return node.inputs.length;
}

function ensureOutput(tx: Transaction, graph: GraphId, from: Source): void {
  const node = tx.row(graph, 'nodes', from.node);
  if (from.slot < node.outputs.length) return;
  const views = outputViews(node, definitionOf(tx.document, tx.graph(graph), node, tx.registry));
  if (views[from.slot] === undefined) throw new Error(`node ${node.id} has no output ${from.slot}`);
  const added = views.slice(node.outputs.length).map((view) => newOutput(view.label, view.type));
  tx.update(graph, 'nodes', node.id, { outputs: [...node.outputs, ...added] });
}

export function setInputLink(tx: Transaction, graph: GraphId, id: NodeId, index: number, link: LinkId | null): void {
  const { inputs } = tx.row(graph, 'nodes', id);
  tx.update(graph, 'nodes', id, { inputs: inputs.map((input, i) => (i === index ? { ...input, link } : input)) });
}

function changeOutputLinks(tx: Transaction, graph: GraphId, from: Source, change: (links: readonly LinkId[]) => LinkId[]): void {
  if (from.node === INPUT_NODE) return changeBoundaryLinks(tx, graph, 'inputs', from.slot, change);
  const node: GraphNode | undefined = tx.graph(graph).nodes.get(from.node);
  if (node === undefined) return;
  const outputs = node.outputs.map((output, i) => (i === from.slot ? { ...output, links: change(output.links) } : output));
  tx.update(graph, 'nodes', from.node, { outputs });
}

function changeBoundaryLinks(
  tx: Transaction, graph: GraphId, side: 'inputs' | 'outputs', slot: number, change: (links: readonly LinkId[]) => LinkId[],
): void {
  const slots = tx.graph(graph).header[side];
  tx.updateHeader(graph, { [side]: slots.map((row, i) => (i === slot ? { ...row, links: change(row.links) } : row)) });
}

/// Writes the places of a node's sockets into its links, after sockets have come, gone or moved.
export function renumber(tx: Transaction, graph: GraphId, id: NodeId): void {
  const node = tx.row(graph, 'nodes', id);
  const update = (link: LinkId, changes: Partial<Link>) => {
    if (tx.graph(graph).links.get(link)?.broken === false) tx.update(graph, 'links', link, changes);
  };
  node.inputs.forEach((input, toSlot) => input.link !== null && update(input.link, { to: id, toSlot }));
  node.outputs.forEach((output, fromSlot) => output.links.forEach((link) => update(link, { from: id, fromSlot })));
}
