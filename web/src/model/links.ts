// The links that count: those that an input holds and whose source exists. The list of links in the file may say more.

import { INPUT_NODE, OUTPUT_NODE, type Graph, type GraphNode, type Link, type LinkId, type NodeId, type RerouteId } from './document';
import { inputKeys, uniqueKeys } from './sockets';

export interface LiveLink {
  /// Unique within the graph; the link's id, unless two inputs hold the same link.
  readonly key: string;
  readonly id: LinkId;
  /// A node, or INPUT_NODE inside a subgraph.
  readonly from: NodeId;
  readonly fromSlot: number;
  /// A node, or OUTPUT_NODE inside a subgraph.
  readonly to: NodeId;
  /// The key of the input.
  readonly input: string;
  readonly type: string;
  /// Native reroutes on its way, from source to target.
  readonly reroutes: readonly RerouteId[];
}

/// An input that holds a link which leads nowhere.
export interface BrokenLink {
  readonly node: NodeId;
  readonly input: string;
  readonly link: LinkId;
  readonly reason: string;
}

export interface LinkIndex {
  readonly links: readonly LiveLink[];
  readonly from: ReadonlyMap<NodeId, readonly LiveLink[]>;
  readonly to: ReadonlyMap<NodeId, readonly LiveLink[]>;
  readonly broken: readonly BrokenLink[];
}

const remembered = new WeakMap<Graph, { wiring: number; index: LinkIndex }>();

export function indexOf(graph: Graph): LinkIndex {
  const known = remembered.get(graph);
  if (known !== undefined && known.wiring === graph.wiring) return known.index;
  const index = makeIndex(graph);
  remembered.set(graph, { wiring: graph.wiring, index });
  return index;
}

export function linkInto(graph: Graph, node: NodeId, input: string): LiveLink | undefined {
  return indexOf(graph).to.get(node)?.find((link) => link.input === input);
}

export function linksFrom(graph: Graph, node: NodeId, slot: number): LiveLink[] {
  return (indexOf(graph).from.get(node) ?? []).filter((link) => link.fromSlot === slot);
}

export function boundaryKeys(graph: Graph, side: 'inputs' | 'outputs'): string[] {
  return uniqueKeys(graph.header[side].map((slot) => slot.name));
}

/// Nodes reached from these along links, without these, nearest first.
export function downstream(graph: Graph, nodes: readonly NodeId[]): NodeId[] {
  return reach(nodes, (id) => (indexOf(graph).from.get(id) ?? []).map((link) => link.to));
}

export function upstream(graph: Graph, nodes: readonly NodeId[]): NodeId[] {
  return reach(nodes, (id) => (indexOf(graph).to.get(id) ?? []).map((link) => link.from));
}

function reach(start: readonly NodeId[], next: (id: NodeId) => readonly NodeId[]): NodeId[] {
  const seen = new Set(start);
  const queue = [...start];
  for (let i = 0; i < queue.length; i++) {
    for (const id of next(queue[i] as NodeId)) {
      if (!seen.has(id) && id !== INPUT_NODE && id !== OUTPUT_NODE) {
        seen.add(id);
        queue.push(id);
      }
    }
  }
  return queue.slice(start.length);
}

function makeIndex(graph: Graph): LinkIndex {
  const links: LiveLink[] = [];
  const broken: BrokenLink[] = [];
  const keys = new Set<string>();
  const add = (link: Link, to: NodeId, input: string) => {
    const key = keys.has(link.id) ? `${link.id}@${to}.${input}` : link.id;
    keys.add(key);
    links.push({ key, id: link.id, from: link.from, fromSlot: link.fromSlot, to, input, type: link.type, reroutes: chainOf(graph, link) });
  };
  for (const node of graph.nodes) {
    if (node.inputs.every((input) => input.link === null)) continue;
    const names = inputKeys(node);
    node.inputs.forEach((socket, i) => {
      if (socket.link === null) return;
      const link = graph.links.get(socket.link);
      const reason = whyBroken(graph, socket.link, link);
      const input = names[i] as string;
      if (reason !== null) broken.push({ node: node.id, input, link: socket.link, reason });
      else add(link as Link, node.id, input);
    });
  }
  const outputs = boundaryKeys(graph, 'outputs');
  for (const link of graph.links) {
    const input = link.to === OUTPUT_NODE ? outputs[link.toSlot] : undefined;
    if (input !== undefined && whyBroken(graph, link.id, link) === null) add(link, OUTPUT_NODE, input);
  }
  return { links, from: grouped(links, 'from'), to: grouped(links, 'to'), broken };
}

function whyBroken(graph: Graph, id: LinkId, link: Link | undefined): string | null {
  if (link === undefined || link.broken) return `link ${id} is not in the file's list of links`;
  if (link.from === INPUT_NODE && graph.header.inputs[link.fromSlot] !== undefined) return null;
  const source: GraphNode | undefined = graph.nodes.get(link.from);
  if (source === undefined) return `link ${id} comes from node ${link.from}, which does not exist`;
  if (link.fromSlot < 0 || link.fromSlot >= source.outputs.length) {
    return `link ${id} comes from output ${link.fromSlot} of node ${link.from}, which has ${source.outputs.length}`;
  }
  return null;
}

/// The reroutes on a link, from source to target. A circle among them ends it.
function chainOf(graph: Graph, link: Link): RerouteId[] {
  const chain: RerouteId[] = [];
  let id = link.parent;
  while (id !== null && !chain.includes(id)) {
    const reroute = graph.reroutes.get(id);
    if (reroute === undefined) break;
    chain.push(id);
    id = reroute.parent;
  }
  return chain.reverse();
}

function grouped(links: readonly LiveLink[], end: 'from' | 'to'): Map<NodeId, LiveLink[]> {
  const result = new Map<NodeId, LiveLink[]>();
  for (const link of links) {
    const list = result.get(link[end]);
    if (list === undefined) result.set(link[end], [link]);
    else list.push(link);
  }
  return result;
}
