// A collapsed group is only its title: what is in it is hidden, and links from outside end at the group's sides.

import { Position, type Node } from '@xyflow/react';
import { boxOf } from './culling';

export const COLLAPSED_HEIGHT = 36;
const COLLAPSED_WIDTH = 280;

/** Members are all whose middle is inside. */
export function insideOf(group: Node, nodes: readonly Node[]): Node[] {
  const { x, y, width, height } = boxOf(group);
  return nodes.filter((node) => {
    if (node.id === group.id || node.type === 'boundary') return false;
    const box = boxOf(node);
    const [dx, dy] = [box.x + box.width / 2 - x, box.y + box.height / 2 - y];
    return dx > 0 && dy > 0 && dx < width && dy < height;
  });
}

export function collapseGroups(nodes: Node[]): Node[] {
  const groups = nodes.filter(({ type, data }) => type === 'group-box' && data.collapsed === true);
  if (groups.length === 0) return nodes;
  const hidden = new Map<string, Node>();
  const members = new Map<string, number>();
  // Outer groups come last, so that what is in two of them goes to the outer one.
  for (const group of [...groups].sort((a, b) => area(a) - area(b))) {
    const inside = insideOf(group, nodes);
    members.set(group.id, inside.filter(({ type }) => type !== 'reroute').length);
    for (const node of inside) hidden.set(node.id, behind(node, group));
  }
  return nodes.map((node) => hidden.get(node.id) ?? (members.has(node.id) ? folded(node, members.get(node.id) ?? 0) : node));
}

const area = (node: Node): number => (node.width ?? 0) * (node.height ?? 0);

function folded(group: Node, count: number): Node {
  const [width, height] = [Math.min(group.width ?? 0, COLLAPSED_WIDTH), COLLAPSED_HEIGHT];
  return { ...group, width, height, measured: { width, height }, data: { ...group.data, count } };
}

/** Its sockets are at the group's sides. */
function behind(node: Node, group: Node): Node {
  const width = Math.min(group.width ?? 0, COLLAPSED_WIDTH);
  const handles = node.handles?.map((handle) => ({ ...handle, y: COLLAPSED_HEIGHT / 2 - 6, x: handle.position === Position.Left ? -6 : width - 6 }));
  return { ...node, hidden: true, position: group.position, handles, width, height: COLLAPSED_HEIGHT };
}

/** Links between two hidden ends are not drawn. */
export function withoutHidden<E extends { source: string; target: string }>(edges: E[], nodes: readonly Node[]): E[] {
  const hidden = new Set(nodes.filter((node) => node.hidden).map(({ id }) => id));
  if (hidden.size === 0) return edges;
  return edges.filter(({ source, target }) => !hidden.has(source) || !hidden.has(target));
}
