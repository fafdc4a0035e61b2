// A plain arrangement, left to right: for graphs that come without positions, until a better one is made.

import type { Graph, NodeId, Point } from './document';
import { indexOf } from './links';

const GAP_X = 80;
const GAP_Y = 60;

export type Layout = (graph: Graph) => ReadonlyMap<NodeId, Point>;

/// Each node in the column after its farthest source.
export const columnLayout: Layout = (graph) => {
  const columns = new Map<number, NodeId[]>();
  for (const [id, depth] of depths(graph)) columns.set(depth, [...(columns.get(depth) ?? []), id]);
  const positions = new Map<NodeId, Point>();
  let x = 0;
  for (const depth of [...columns.keys()].sort((a, b) => a - b)) {
    let y = 0;
    let width = 0;
    for (const id of columns.get(depth) as NodeId[]) {
      const size = graph.nodes.get(id)?.size ?? [0, 0];
      positions.set(id, [x, y]);
      y += size[1] + GAP_Y;
      width = Math.max(width, size[0]);
    }
    x += width + GAP_X;
  }
  return positions;
};

/// The length of the longest way to each node; a circle ends at its first node.
function depths(graph: Graph): Map<NodeId, number> {
  const { to, from } = indexOf(graph);
  const sources = (id: NodeId) => new Set((to.get(id) ?? []).map((link) => link.from).filter((source) => graph.nodes.has(source)));
  const waiting = new Map(graph.nodes.ids().map((id) => [id, sources(id).size]));
  const depth = new Map<NodeId, number>(graph.nodes.ids().map((id) => [id, 0]));
  const queue = graph.nodes.ids().filter((id) => waiting.get(id) === 0);
  for (let i = 0; i < queue.length; i++) {
    const id = queue[i] as NodeId;
    for (const next of new Set((from.get(id) ?? []).map((link) => link.to))) {
      if (!graph.nodes.has(next)) continue;
      depth.set(next, Math.max(depth.get(next) ?? 0, (depth.get(id) ?? 0) + 1));
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) queue.push(next);
    }
  }
  return depth;
}
