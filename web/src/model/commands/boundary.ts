// The inputs and outputs of a subgraph: adding, naming, ordering, removing. Instances everywhere follow.

import { outputType } from '../connection';
import { definitionOf } from '../definition_of';
import { INPUT_NODE, OUTPUT_NODE, type BoundarySlot, type GraphId, type Link, type LinkId, type NodeId } from '../document';
import { boundaryKeys, linksFrom } from '../links';
import { newSlot, newUuid } from '../new_rows';
import { done, refused, type Outcome } from '../outcome';
import { inputKeys, inputView, outputViews, uniqueKeys } from '../sockets';
import type { Transaction } from '../transaction';
import { instancesOf, keepingInstanceValues } from './instances';
import { addLink, clearInput, renumber, type Source, type Target } from './link_rows';

type Side = 'inputs' | 'outputs';

export function renameSubgraph(tx: Transaction, subgraph: GraphId, name: string): void {
  tx.updateHeader(subgraph, { name });
}

/// Makes an input of a node inside an input of the subgraph.
export function exposeInput(tx: Transaction, subgraph: GraphId, to: Target): Outcome<number> {
  const node = tx.row(subgraph, 'nodes', to.node);
  const view = inputView(node, definitionOf(tx.document, tx.graph(subgraph), node, tx.registry), to.input);
  if (view === undefined) return refused('there is no such input');
  clearInput(tx, subgraph, to);
  const slot = addSlot(tx, subgraph, 'inputs', view.label || view.type, view.type);
  addLink(tx, subgraph, { node: INPUT_NODE, slot }, to, view.type);
  return done(slot);
}

/// Makes an output of a node inside an output of the subgraph.
export function exposeOutput(tx: Transaction, subgraph: GraphId, from: Source): Outcome<number> {
  const type = outputType(tx.document, tx.registry, tx.graph(subgraph), from);
  if (type === null) return refused('there is no such output');
  const node = tx.graph(subgraph).nodes.get(from.node);
  const label = node && outputViews(node, definitionOf(tx.document, tx.graph(subgraph), node, tx.registry))[from.slot]?.label;
  const slot = addSlot(tx, subgraph, 'outputs', label || type, type);
  addLink(tx, subgraph, from, { node: OUTPUT_NODE, input: boundaryKeys(tx.graph(subgraph), 'outputs')[slot] as string }, type);
  return done(slot);
}

function addSlot(tx: Transaction, subgraph: GraphId, side: Side, wanted: string, type: string): number {
  const slots = tx.graph(subgraph).header[side];
  const name = uniqueKeys([...slots.map((slot) => slot.name), wanted]).at(-1) as string;
  tx.updateHeader(subgraph, { [side]: [...slots, newSlot(newUuid(), name, type)] });
  return slots.length;
}

/// Instances match inputs by name, so their sockets are renamed too.
export function renameBoundary(tx: Transaction, subgraph: GraphId, side: Side, slot: number, name: string): Outcome<null> {
  const slots = tx.graph(subgraph).header[side];
  const before = slots[slot];
  if (before === undefined) return refused('there is no such socket');
  if (name === '') return refused('a socket must have a name');
  if (slots.some((other, i) => i !== slot && other.name === name)) return refused(`there is a socket ${name} already`);
  keepingInstanceValues(tx, subgraph, () => {
    tx.updateHeader(subgraph, { [side]: slots.map((row, i) => (i === slot ? { ...row, name } : row)) });
    renameInInstances(tx, subgraph, side, slot, before.name, name);
  }, new Map(side === 'inputs' ? [[before.name, name]] : []));
  return done(null);
}

function renameInInstances(tx: Transaction, subgraph: GraphId, side: Side, slot: number, before: string, name: string): void {
  for (const { graph, node } of instancesOf(tx.document, subgraph)) {
    const { inputs, outputs } = tx.row(graph, 'nodes', node.id);
    if (side === 'outputs') {
      tx.update(graph, 'nodes', node.id, { outputs: outputs.map((output, i) => (i === slot ? { ...output, name } : output)) });
    } else {
      const index = inputKeys(node).indexOf(before);
      const renamed = inputs.map((input, i) => (i === index ? { ...input, name, widget: input.widget === null ? null : name } : input));
      if (index !== -1) tx.update(graph, 'nodes', node.id, { inputs: renamed });
    }
  }
}

/// Removes an input or output of a subgraph with its links inside, and those of every instance.
export function removeBoundary(tx: Transaction, subgraph: GraphId, side: Side, slot: number): void {
  const key = boundaryKeys(tx.graph(subgraph), side)[slot];
  if (key === undefined) return;
  keepingInstanceValues(tx, subgraph, () => {
    for (const { graph, node } of instancesOf(tx.document, subgraph)) removeInstanceSocket(tx, graph, node.id, side, slot, key);
    if (side === 'outputs') clearInput(tx, subgraph, { node: OUTPUT_NODE, input: key });
    else for (const link of linksFrom(tx.graph(subgraph), INPUT_NODE, slot)) clearInput(tx, subgraph, { node: link.to, input: link.input });
    reorder(tx, subgraph, side, tx.graph(subgraph).header[side].filter((_, i) => i !== slot));
  });
}

function removeInstanceSocket(tx: Transaction, graph: GraphId, id: NodeId, side: Side, slot: number, key: string): void {
  if (side === 'inputs') {
    clearInput(tx, graph, { node: id, input: key });
    const node = tx.row(graph, 'nodes', id);
    const index = inputKeys(node).indexOf(key);
    if (index !== -1) tx.update(graph, 'nodes', id, { inputs: node.inputs.filter((_, i) => i !== index) });
  } else {
    for (const link of linksFrom(tx.graph(graph), id, slot)) clearInput(tx, graph, { node: link.to, input: link.input });
    tx.update(graph, 'nodes', id, { outputs: tx.row(graph, 'nodes', id).outputs.filter((_, i) => i !== slot) });
  }
  renumber(tx, graph, id);
}

/// Moves an input or output to another place among its kind.
export function moveBoundary(tx: Transaction, subgraph: GraphId, side: Side, from: number, to: number): void {
  const slots = [...tx.graph(subgraph).header[side]];
  const [moved] = slots.splice(from, 1);
  if (moved === undefined) return;
  slots.splice(to, 0, moved);
  keepingInstanceValues(tx, subgraph, () => {
    reorder(tx, subgraph, side, slots);
    if (side === 'inputs') return;
    // Outputs of instances go by position.
    for (const { graph, node } of instancesOf(tx.document, subgraph)) {
      const outputs = [...tx.row(graph, 'nodes', node.id).outputs];
      if (outputs.length <= Math.max(from, to)) continue;
      outputs.splice(to, 0, ...outputs.splice(from, 1));
      tx.update(graph, 'nodes', node.id, { outputs });
      renumber(tx, graph, node.id);
    }
  });
}

/// Links inside name the boundary's sockets by position.
function reorder(tx: Transaction, subgraph: GraphId, side: Side, slots: readonly BoundarySlot[]): void {
  const before = tx.graph(subgraph).header[side];
  const place = (old: number) => slots.findIndex((slot) => slot.id === before[old]?.id);
  const changes = tx.graph(subgraph).links.rows().flatMap((link): [LinkId, Partial<Link>][] => {
    if (side === 'inputs') return link.from === INPUT_NODE ? [[link.id, { fromSlot: place(link.fromSlot) }]] : [];
    return link.to === OUTPUT_NODE ? [[link.id, { toSlot: place(link.toSlot) }]] : [];
  });
  tx.updateHeader(subgraph, { [side]: slots });
  for (const [id, change] of changes) tx.update(subgraph, 'links', id, change);
}
