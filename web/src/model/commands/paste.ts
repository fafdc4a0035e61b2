// Pasting and duplicating: the rows of a piece of JSON with ids of their own.

import { copyJson, type Selection } from '../clipboard';
import { INPUT_NODE, type Graph, type GraphId, type GroupId, type LinkId, type MutableGraph, type NodeId, type Point, type RerouteId } from '../document';
import { readGraph, writeGraph } from '../graph_file';
import { isObject, sameJson, type JsonObject } from '../json';
import { indexOf } from '../links';
import { newLink, newUuid } from '../new_rows';
import { idText, list, object, readNode } from '../read_rows';
import { done, refused, type Outcome } from '../outcome';
import { idJson, writeNode } from '../write_rows';
import type { Transaction } from '../transaction';
import { boundsOf } from './groups';
import { contains } from './instances';
import { setInputLink } from './link_rows';
import { connect } from './links';

export interface PasteOptions {
  /// Where the top left corner comes to stand; null: shifted a little from where it was.
  readonly at: Point | null;
  /// Whether links from nodes outside the piece are kept, where those nodes exist.
  readonly incoming?: boolean;
}

export interface Pasted {
  readonly nodes: NodeId[];
  readonly groups: GroupId[];
}

const SHIFT = 40;

export function paste(tx: Transaction, graph: GraphId, piece: JsonObject, options: PasteOptions): Outcome<Pasted> {
  const types = pasteDefinitions(tx, piece);
  const source = readGraph(piece, '?');
  const nested = source.nodes.rows().map((node) => types.get(node.type) ?? node.type).filter((type) => tx.document.definitions.has(type));
  if (nested.some((type) => contains(tx.document, type, graph))) return refused('a subgraph cannot stand inside itself');
  const by = offset(source, options.at);
  const nodes = pasteNodes(tx, graph, source, types, by);
  const links = pasteLinks(tx, graph, source, nodes);
  pasteReroutes(tx, graph, source, links, by);
  if (options.incoming === true) pasteIncoming(tx, graph, source, nodes);
  return done({ nodes: [...nodes.values()], groups: pasteGroups(tx, graph, source, by) });
}

/// A copy beside the original.
export function duplicate(tx: Transaction, graph: GraphId, selection: Selection, incoming = true): Outcome<Pasted> {
  return paste(tx, graph, copyJson(tx.document, tx.graph(graph), selection), { at: null, incoming });
}

function offset(source: Graph, at: Point | null): Point {
  if (at === null) return [SHIFT, SHIFT];
  const frames = source.groups.rows().map(({ bounding: [x, y, width, height] }) => ({ pos: [x, y] as const, size: [width, height] as const }));
  const [left, top] = boundsOf([...source.nodes.rows(), ...frames]);
  return [at[0] - left, at[1] - top];
}

function pasteNodes(tx: Transaction, graph: GraphId, source: Graph, types: ReadonlyMap<string, string>, by: Point): Map<NodeId, NodeId> {
  const ids = new Map<NodeId, NodeId>();
  for (const node of source.nodes) {
    const id = tx.newId(graph, 'nodes');
    ids.set(node.id, id);
    const bare = writeNode({
      ...node,
      type: types.get(node.type) ?? node.type,
      pos: [node.pos[0] + by[0], node.pos[1] + by[1]],
      inputs: node.inputs.map((input) => ({ ...input, link: null })),
      outputs: node.outputs.map((output) => ({ ...output, links: [] })),
    });
    tx.insert(graph, 'nodes', readNode({ ...object(bare), id: idJson(id) }));
  }
  return ids;
}

/// Links between the pasted nodes, as they were. Returns their new ids by the old ones.
function pasteLinks(tx: Transaction, graph: GraphId, source: Graph, nodes: ReadonlyMap<NodeId, NodeId>): Map<LinkId, LinkId> {
  const ids = new Map<LinkId, LinkId>();
  for (const live of indexOf(source).links) {
    const [from, to] = [nodes.get(live.from), nodes.get(live.to)];
    const node = source.nodes.get(live.to);
    if (from === undefined || to === undefined || node === undefined || ids.has(live.id)) continue;
    const toSlot = node.inputs.findIndex((input) => input.link === live.id);
    const id = tx.newId(graph, 'links');
    ids.set(live.id, id);
    tx.insert(graph, 'links', newLink({ id, from, fromSlot: live.fromSlot, to, toSlot, type: live.type }));
    setInputLink(tx, graph, to, toSlot, id);
    const { outputs } = tx.row(graph, 'nodes', from);
    tx.update(graph, 'nodes', from, { outputs: outputs.map((output, i) => (i === live.fromSlot ? { ...output, links: [...output.links, id] } : output)) });
  }
  return ids;
}

function pasteIncoming(tx: Transaction, graph: GraphId, source: Graph, nodes: ReadonlyMap<NodeId, NodeId>): void {
  for (const node of source.nodes) {
    for (const input of node.inputs) {
      const link = input.link === null ? undefined : source.links.get(input.link);
      if (link === undefined || nodes.has(link.from) || link.from === INPUT_NODE || !tx.graph(graph).nodes.has(link.from)) continue;
      // Another document may have another node by that id: then it is refused or fits.
      connect(tx, graph, { node: link.from, slot: link.fromSlot }, { node: nodes.get(node.id) as NodeId, input: input.name });
    }
  }
}

function pasteReroutes(tx: Transaction, graph: GraphId, source: Graph, links: ReadonlyMap<LinkId, LinkId>, by: Point): void {
  const ids = new Map<RerouteId, RerouteId>();
  const whole = source.reroutes.rows().filter((row) => row.links.length > 0 && row.links.every((link) => links.has(link)));
  for (const row of whole) ids.set(row.id, tx.newId(graph, 'reroutes'));
  for (const row of whole) {
    const parent = row.parent === null ? null : (ids.get(row.parent) ?? null);
    const moved: Point = [row.pos[0] + by[0], row.pos[1] + by[1]];
    const id = ids.get(row.id) as RerouteId;
    const passing = row.links.map((link) => links.get(link) as LinkId);
    tx.insert(graph, 'reroutes', {
      ...row, id, parent, pos: moved, links: passing, raw: { ...object(row.raw), id: idJson(id) },
    });
  }
  for (const [old, id] of links) {
    const parent = source.links.get(old)?.parent ?? null;
    if (parent !== null && ids.has(parent)) tx.update(graph, 'links', id, { parent: ids.get(parent) as RerouteId });
  }
}

function pasteGroups(tx: Transaction, graph: GraphId, source: Graph, by: Point): GroupId[] {
  return source.groups.rows().map((group) => {
    const id = tx.newId(graph, 'groups');
    const [x, y, width, height] = group.bounding;
    tx.insert(graph, 'groups', {
      ...group, id, bounding: [x + by[0], y + by[1], width, height], raw: { ...object(group.raw), id: idJson(id) },
    });
    return id;
  });
}

/// Brings the piece's subgraphs along. One that is here already under the same id and with the same content is used; with
/// another content it gets an id of its own. Returns the ids here by those in the piece.
function pasteDefinitions(tx: Transaction, piece: JsonObject): Map<string, string> {
  const ids = new Map<string, string>();
  const records = list(piece.subgraphs).filter(isObject);
  for (const record of records) {
    const id = idText(record.id) ?? newUuid();
    const here = tx.document.definitions.get(id);
    ids.set(id, here === undefined || sameJson(writeGraph(here), record) ? id : newUuid());
  }
  for (const record of records) {
    const id = ids.get(idText(record.id) ?? '') ?? newUuid();
    if (tx.document.definitions.has(id)) continue;
    const graph: MutableGraph = readGraph({ ...record, id }, id);
    for (const node of graph.nodes) {
      const type = ids.get(node.type);
      if (type !== undefined && type !== node.type) graph.nodes.replace({ ...node, type });
    }
    tx.insertDefinition(graph);
  }
  return ids;
}

