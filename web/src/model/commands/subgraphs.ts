// Collapsing a selection into a subgraph, and back.

import type { NodeDefinition } from '../definition';
import { definitionOf, subgraphDefinition } from '../definition_of';
import {
  INPUT_NODE, OUTPUT_NODE, type Graph, type GraphId, type GraphNode, type GroupId, type NodeId, type Point,
} from '../document';
import { readGraph } from '../graph_file';
import type { Json, JsonObject } from '../json';
import { indexOf, type LiveLink } from '../links';
import { newNode, newOutput, newUuid } from '../new_rows';
import { defaultSize } from '../node_size';
import { done, refused, type Outcome } from '../outcome';
import { inputViews, outputViews, uniqueKeys } from '../sockets';
import { makeValues, valueOf } from '../values';
import { idJson, writeGroup, writeNode } from '../write_rows';
import type { Transaction } from '../transaction';
import { boundsOf } from './groups';
import { addLink } from './link_rows';
import { removeNodes } from './nodes';

/// A boundary socket in the making: what it is called, and the links that cross there.
interface Crossing {
  name: string;
  readonly type: string;
  readonly links: LiveLink[];
}

/// Puts nodes into a subgraph of their own. What fed them from outside feeds its inputs, one for each source.
export function collapseToSubgraph(
  tx: Transaction, graph: GraphId, ids: readonly NodeId[], name = 'Subgraph', groups: readonly GroupId[] = [],
): Outcome<NodeId> {
  if (ids.length === 0) return refused('nothing is selected');
  const outer = tx.graph(graph);
  const inside = new Set(ids);
  const links = indexOf(outer).links;
  const inputs = crossings(links.filter((link) => inside.has(link.to) && !inside.has(link.from)), (link) => inputName(tx, outer, link));
  const outputs = crossings(links.filter((link) => inside.has(link.from) && !inside.has(link.to)), (link) => outputName(tx, outer, link));
  const circle = reachesItself(outer, inside);
  if (circle) return refused('a link leads out of the selection and back into it; select what is between as well');

  const nodes = ids.map((id) => tx.row(graph, 'nodes', id));
  const bounds = boundsOf(nodes);
  const id = newUuid();
  const record = subgraphRecord(outer, id, name, nodes, links.filter((link) => inside.has(link.from) && inside.has(link.to)), inputs, outputs, groups);
  tx.insertDefinition(readGraph(record, id));
  removeNodes(tx, graph, ids);
  for (const group of groups) tx.remove(graph, 'groups', group);

  const definition = subgraphDefinition(tx.document, tx.graph(id), tx.registry);
  const instance = addInstance(tx, graph, definition, bounds, innerValues(tx, tx.graph(id), definition));
  inputs.forEach((crossing) => {
    const [first] = crossing.links as [LiveLink];
    addLink(tx, graph, { node: first.from, slot: first.fromSlot }, { node: instance, input: crossing.name }, crossing.type);
  });
  outputs.forEach((crossing, slot) => {
    for (const link of crossing.links) addLink(tx, graph, { node: instance, slot }, { node: link.to, input: link.input }, crossing.type);
  });
  return done(instance);
}

function crossings(links: readonly LiveLink[], nameOf: (link: LiveLink) => string): Crossing[] {
  const found = new Map<string, Crossing>();
  for (const link of links) {
    const key = `${link.from}/${link.fromSlot}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { name: nameOf(link), type: link.type, links: [link] });
    else known.links.push(link);
  }
  const all = [...found.values()];
  uniqueKeys(all.map((crossing) => crossing.name)).forEach((key, i) => ((all[i] as Crossing).name = key));
  return all;
}

function inputName(tx: Transaction, graph: Graph, link: LiveLink): string {
  const node = graph.nodes.get(link.to);
  const view = node && inputViews(node, definitionOf(tx.document, graph, node, tx.registry)).find((input) => input.key === link.input);
  return view?.label || link.type;
}

function outputName(tx: Transaction, graph: Graph, link: LiveLink): string {
  const node = graph.nodes.get(link.from);
  const view = node && outputViews(node, definitionOf(tx.document, graph, node, tx.registry))[link.fromSlot];
  return view?.label || link.type;
}

/// Whether a way leads out of the nodes and back in: then the instance would feed itself.
function reachesItself(graph: Graph, inside: ReadonlySet<NodeId>): boolean {
  const { from } = indexOf(graph);
  const queue = [...inside].flatMap((id) => from.get(id) ?? []).map((link) => link.to).filter((id) => !inside.has(id));
  const seen = new Set(queue);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const { to } of from.get(id) ?? []) {
      if (inside.has(to)) return true;
      if (!seen.has(to)) {
        seen.add(to);
        queue.push(to);
      }
    }
  }
  return false;
}

function subgraphRecord(
  outer: Graph, id: GraphId, name: string, nodes: readonly GraphNode[], internal: readonly LiveLink[], inputs: readonly Crossing[], outputs: readonly Crossing[],
  groups: readonly GroupId[],
): JsonObject {
  const [x, y, width, height] = boundsOf(nodes);
  const into = new Map<string, number>();  // "node/input" -> the link's new id
  const outOf = new Map<string, number[]>();  // "node/slot"
  const records: JsonObject[] = [];
  const slotOf = (node: NodeId, key: string) => inputSlot(outer, node, key);
  const add = (from: NodeId, fromSlot: number, to: NodeId, toSlot: number, type: string): number => {
    const number = records.length + 1;
    records.push({ id: number, origin_id: idJson(from), origin_slot: fromSlot, target_id: idJson(to), target_slot: toSlot, type });
    if (from !== INPUT_NODE) outOf.set(`${from}/${fromSlot}`, [...(outOf.get(`${from}/${fromSlot}`) ?? []), number]);
    if (to !== OUTPUT_NODE) into.set(`${to}/${toSlot}`, number);
    return number;
  };
  for (const link of internal) add(link.from, link.fromSlot, link.to, slotOf(link.to, link.input), link.type);
  const slots = (crossing: Crossing, linkIds: number[]): JsonObject => ({ id: newUuid(), name: crossing.name, type: crossing.type, linkIds });
  const inputSlots = inputs.map((crossing, i) => slots(crossing, crossing.links.map((link) => add(INPUT_NODE, i, link.to, slotOf(link.to, link.input), crossing.type))));
  const outputSlots = outputs.map((crossing, i) => {
    const [first] = crossing.links as [LiveLink];
    return slots(crossing, [add(first.from, first.fromSlot, OUTPUT_NODE, i, crossing.type)]);
  });
  const inner = nodes.map((node): Json => writeNode({
    ...node,
    inputs: node.inputs.map((input, i) => ({ ...input, link: numberText(into.get(`${node.id}/${i}`)) })),
    outputs: node.outputs.map((output, i) => ({ ...output, links: (outOf.get(`${node.id}/${i}`) ?? []).map(String) })),
  }));
  const last = Math.max(0, ...nodes.map((node) => Number(node.id)).filter(Number.isSafeInteger));
  return {
    id, version: 1, state: { lastGroupId: groups.length, lastNodeId: last, lastLinkId: records.length, lastRerouteId: 0 },
    revision: 0, config: {}, name,
    inputNode: { id: -10, bounding: [x - 200, y + height / 2 - 60, 120, 40 + 20 * inputs.length] },
    outputNode: { id: -20, bounding: [x + width + 80, y + height / 2 - 60, 120, 40 + 20 * outputs.length] },
    inputs: inputSlots, outputs: outputSlots, widgets: [], nodes: inner,
    groups: groups.map((group) => outer.groups.get(group)).filter((group) => group !== undefined).map(writeGroup),
    links: records, extra: {},
  };
}

function numberText(value: number | undefined): string | null {
  return value === undefined ? null : String(value);
}

/// The place of an input in its node's list. Linked inputs are always listed.
function inputSlot(graph: Graph, node: NodeId, key: string): number {
  return uniqueKeys((graph.nodes.get(node) as GraphNode).inputs.map((input) => input.name)).indexOf(key);
}

function addInstance(tx: Transaction, graph: GraphId, definition: NodeDefinition, bounds: readonly [number, number, number, number], values: ReadonlyMap<string, Json>): NodeId {
  const size = defaultSize(definition);
  const pos: Point = [bounds[0] + (bounds[2] - size[0]) / 2, bounds[1] + (bounds[3] - size[1]) / 2];
  const id = tx.newId(graph, 'nodes');
  tx.insert(graph, 'nodes', newNode({
    id, type: definition.type, pos, size, inputs: [], outputs: definition.outputs.map((output) => newOutput(output.name, output.type)),
    values: makeValues(definition, values),
  }));
  return id;
}

/// The values that the promoted widgets have inside.
export function innerValues(tx: Transaction, subgraph: Graph, definition: NodeDefinition): Map<string, Json> {
  const values = new Map<string, Json>();
  subgraph.header.inputs.forEach((slot, position) => {
    for (const link of (indexOf(subgraph).from.get(INPUT_NODE) ?? []).filter((other) => other.fromSlot === position)) {
      const value = innerValue(tx, subgraph, link);
      if (value !== undefined && !values.has(slot.name) && definition.inputs[position]?.widget) values.set(slot.name, value);
    }
  });
  return values;
}

function innerValue(tx: Transaction, subgraph: Graph, link: LiveLink): Json | undefined {
  const node = subgraph.nodes.get(link.to);
  const definition = node && definitionOf(tx.document, subgraph, node, tx.registry);
  return node && definition && valueOf(node, definition, link.input);
}
