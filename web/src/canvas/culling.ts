// What React Flow is given of a large graph: the nodes and links that are seen, and the hidden ends of those links. All it
// does for each node and each frame then grows with the screen, not with the graph.

import type { Node, ReactFlowState } from '@xyflow/react';
import type { LinkEdge } from './flow_edges';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Graphs of more nodes than this are culled, and drawn as a picture from afar. */
export const MANY = 60;
/** Below this zoom a node is one flat box. */
export const FLAT_BELOW = 0.35;
/** Below this zoom a large graph is a picture: its texts could hardly be read. */
export const AFAR_BELOW = 0.5;

export const boxOf = ({ position, width = 0, height = 0 }: Node): Box => ({ ...position, width, height });

export const meets = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export function around(boxes: readonly Box[]): Box {
  const [first, ...others] = boxes;
  return first ? others.reduce(both, first) : { x: 0, y: 0, width: 0, height: 0 };
}

function both(a: Box, b: Box): Box {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

const contains = (outer: Box, inner: Box): boolean =>
  outer.x <= inner.x && outer.y <= inner.y && outer.x + outer.width >= inner.x + inner.width && outer.y + outer.height >= inner.y + inner.height;

/** Makes a selector of the part of the graph to keep in the page: it moves on only when the view leaves it. */
export function partInView(): (state: ReactFlowState) => Box {
  let part: Box = { x: 0, y: 0, width: 0, height: 0 };
  return ({ transform: [x, y, zoom], width, height }) => {
    const view = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
    const isTooLarge = part.width > 1.8 * view.width;
    if (contains(part, view) && !isTooLarge) return part;
    const [dx, dy] = [view.width / 4, view.height / 4];
    part = { x: view.x - dx, y: view.y - dy, width: view.width + 2 * dx, height: view.height + 2 * dy };
    return part;
  };
}

const hiddenOnes = new WeakMap<Node, Node>();

function hidden(node: Node): Node {
  const known = hiddenOnes.get(node) ?? { ...node, hidden: true };
  hiddenOnes.set(node, known);
  return known;
}

/** Selected nodes stay, if only hidden: they move with the one that is dragged. */
export function cull(nodes: Node[], edges: LinkEdge[], part: Box): { nodes: Node[]; edges: LinkEdge[] } {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ends = new Set<string>();
  const seen = edges.filter(({ source, target, data }) => {
    const boxes = [byId.get(source), byId.get(target)].flatMap((node) => (node ? [boxOf(node)] : []));
    for (const [x, y] of data?.points ?? []) boxes.push({ x, y, width: 1, height: 1 });
    if (!meets(around(boxes), part)) return false;
    ends.add(source).add(target);
    return true;
  });
  return { nodes: pick(nodes, (node) => meets(boxOf(node), part), (node) => ends.has(node.id)), edges: seen };
}

/** From afar only these are in the page: the picture of the graph shows the others. */
export function cullToPicture(nodes: Node[], isInPage: (node: Node) => boolean): { nodes: Node[]; edges: LinkEdge[] } {
  return { nodes: pick(nodes, isInPage, () => false), edges: [] };
}

function pick(nodes: Node[], isSeen: (node: Node) => boolean, isEnd: (node: Node) => boolean): Node[] {
  return nodes.flatMap((node) => (isSeen(node) ? [node] : node.selected || isEnd(node) ? [hidden(node)] : []));
}
