// How nodes stand on the canvas and what they are called: position, size, title, colour, collapsed, pinned.

import type { GraphId, GraphNode, NodeId, Point } from '../document';
import type { Transaction } from '../transaction';

export function moveNodes(tx: Transaction, graph: GraphId, ids: readonly NodeId[], by: Point): void {
  for (const id of ids) {
    const { pos } = tx.row(graph, 'nodes', id);
    setPosition(tx, graph, id, [pos[0] + by[0], pos[1] + by[1]]);
  }
}

export function setPosition(tx: Transaction, graph: GraphId, id: NodeId, pos: Point): void {
  const before = tx.row(graph, 'nodes', id).pos;
  if (before[0] !== pos[0] || before[1] !== pos[1]) tx.update(graph, 'nodes', id, { pos });
}

/// The result of a layout.
export function applyPositions(tx: Transaction, graph: GraphId, positions: ReadonlyMap<NodeId, Point>): void {
  for (const [id, pos] of positions) setPosition(tx, graph, id, pos);
}

export function resizeNode(tx: Transaction, graph: GraphId, id: NodeId, size: Point): void {
  tx.update(graph, 'nodes', id, { size });
}

/// null or "": the name of its type again.
export function setTitle(tx: Transaction, graph: GraphId, id: NodeId, title: string | null): void {
  tx.update(graph, 'nodes', id, { title: title === '' ? null : title });
}

/// `color` is that of the title, `bgcolor` that of the body; null: the theme's.
export function setNodeColor(tx: Transaction, graph: GraphId, ids: readonly NodeId[], color: string | null, bgcolor: string | null): void {
  for (const id of ids) tx.update(graph, 'nodes', id, { color, bgcolor });
}

export type Flag = 'collapsed' | 'pinned';

export function setFlag(tx: Transaction, graph: GraphId, ids: readonly NodeId[], flag: Flag, on: boolean): void {
  for (const id of ids) {
    const { flags } = tx.row(graph, 'nodes', id);
    if (hasFlag({ flags }, flag) === on) continue;
    const { [flag]: _, ...others } = flags;
    tx.update(graph, 'nodes', id, { flags: on ? { ...flags, [flag]: true } : others });
  }
}

/// On for all, unless all have it.
export function toggleFlag(tx: Transaction, graph: GraphId, ids: readonly NodeId[], flag: Flag): void {
  setFlag(tx, graph, ids, flag, !ids.every((id) => hasFlag(tx.row(graph, 'nodes', id), flag)));
}

export function hasFlag(node: Pick<GraphNode, 'flags'>, flag: Flag): boolean {
  return node.flags[flag] === true;
}

export type Edge = 'left' | 'right' | 'top' | 'bottom' | 'center' | 'middle';

/// Aligns nodes along an edge of the box around them, or along its centre (left to right) or middle (top to bottom).
export function align(tx: Transaction, graph: GraphId, ids: readonly NodeId[], edge: Edge): void {
  const nodes = ids.map((id) => tx.row(graph, 'nodes', id));
  const axis = edge === 'left' || edge === 'right' || edge === 'center' ? 0 : 1;
  const start = Math.min(...nodes.map((node) => node.pos[axis]));
  const end = Math.max(...nodes.map((node) => node.pos[axis] + node.size[axis]));
  const share = edge === 'left' || edge === 'top' ? 0 : edge === 'right' || edge === 'bottom' ? 1 : 0.5;
  for (const node of nodes) {
    const at = start + (end - start - node.size[axis]) * share;
    setPosition(tx, graph, node.id, axis === 0 ? [at, node.pos[1]] : [node.pos[0], at]);
  }
}

/// Makes the gaps between nodes equal; the first and the last stay.
export function distribute(tx: Transaction, graph: GraphId, ids: readonly NodeId[], axis: 'x' | 'y'): void {
  const a = axis === 'x' ? 0 : 1;
  const nodes = ids.map((id) => tx.row(graph, 'nodes', id)).sort((one, other) => one.pos[a] - other.pos[a]);
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first === undefined || last === undefined || nodes.length < 3) return;
  const room = last.pos[a] + last.size[a] - first.pos[a];
  const gap = (room - nodes.reduce((sum, node) => sum + node.size[a], 0)) / (nodes.length - 1);
  let at = first.pos[a];
  for (const node of nodes) {
    setPosition(tx, graph, node.id, a === 0 ? [at, node.pos[1]] : [node.pos[0], at]);
    at += node.size[a] + gap;
  }
}
