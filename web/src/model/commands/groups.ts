// Groups: titled frames. What stands in one is told by geometry, as in the files.

import { TITLE_HEIGHT } from '../node_size';
import type { Graph, GraphId, GraphNode, Group, GroupId, NodeId, Point, Rect, RerouteId } from '../document';
import { newGroup } from '../new_rows';
import type { Transaction } from '../transaction';
import { moveNodes } from './look';
import { moveReroutes } from './reroutes';

export const GROUP_COLOR = '#3f789e';
const MARGIN = 20;
const HEADER = 40;

export function addGroup(tx: Transaction, graph: GraphId, bounding: Rect, title = 'Group', color = GROUP_COLOR): GroupId {
  const id = tx.newId(graph, 'groups');
  tx.insert(graph, 'groups', newGroup(id, title, bounding, color));
  return id;
}

/// A group around nodes. `sizes` are those on the canvas, where they differ from the files'.
export function groupNodes(tx: Transaction, graph: GraphId, ids: readonly NodeId[], title = 'Group', color = GROUP_COLOR): GroupId {
  const [x, y, width, height] = boundsOf(ids.map((id) => tx.row(graph, 'nodes', id)));
  return addGroup(tx, graph, [x - MARGIN, y - HEADER - MARGIN, width + 2 * MARGIN, height + HEADER + 2 * MARGIN], title, color);
}

/// The box around nodes, titles included.
export function boundsOf(nodes: readonly Pick<GraphNode, 'pos' | 'size'>[]): Rect {
  if (nodes.length === 0) return [0, 0, 0, 0];
  const left = Math.min(...nodes.map(({ pos }) => pos[0]));
  const top = Math.min(...nodes.map(({ pos }) => pos[1]));
  const right = Math.max(...nodes.map(({ pos, size }) => pos[0] + size[0]));
  const bottom = Math.max(...nodes.map(({ pos, size }) => pos[1] + size[1]));
  return [left, top, right - left, bottom - top];
}

export interface GroupContent {
  readonly nodes: NodeId[];
  readonly groups: GroupId[];
  readonly reroutes: RerouteId[];
}

/// Nodes whose title's middle is inside, groups that are wholly inside, reroutes inside.
export function contentOf(graph: Graph, group: Group): GroupContent {
  const [x, y, width, height] = group.bounding;
  const inside = (px: number, py: number) => px >= x && px <= x + width && py >= y && py <= y + height;
  return {
    nodes: graph.nodes.rows().filter(({ pos, size }) => inside(pos[0] + size[0] / 2, pos[1] + TITLE_HEIGHT / 2)).map(({ id }) => id),
    groups: graph.groups.rows().filter(({ id, bounding: [gx, gy, gw, gh] }) => id !== group.id && inside(gx, gy) && inside(gx + gw, gy + gh)).map(({ id }) => id),
    reroutes: graph.reroutes.rows().filter(({ pos }) => inside(pos[0], pos[1])).map(({ id }) => id),
  };
}

/// Moves a group with what is in it; `content` is what was in it when the drag began.
export function moveGroup(tx: Transaction, graph: GraphId, id: GroupId, by: Point, content = contentOf(tx.graph(graph), tx.row(graph, 'groups', id))): void {
  moveNodes(tx, graph, content.nodes.filter((node) => tx.row(graph, 'nodes', node).flags.pinned !== true), by);
  moveReroutes(tx, graph, content.reroutes, by);
  for (const group of [id, ...content.groups]) {
    const [x, y, width, height] = tx.row(graph, 'groups', group).bounding;
    tx.update(graph, 'groups', group, { bounding: [x + by[0], y + by[1], width, height] });
  }
}

export function resizeGroup(tx: Transaction, graph: GraphId, id: GroupId, bounding: Rect): void {
  tx.update(graph, 'groups', id, { bounding });
}

export function fitGroup(tx: Transaction, graph: GraphId, id: GroupId): void {
  const { nodes } = contentOf(tx.graph(graph), tx.row(graph, 'groups', id));
  if (nodes.length === 0) return;
  const [x, y, width, height] = boundsOf(nodes.map((node) => tx.row(graph, 'nodes', node)));
  tx.update(graph, 'groups', id, { bounding: [x - MARGIN, y - HEADER - MARGIN, width + 2 * MARGIN, height + HEADER + 2 * MARGIN] });
}

export function setGroupTitle(tx: Transaction, graph: GraphId, id: GroupId, title: string): void {
  tx.update(graph, 'groups', id, { title });
}

export function setGroupColor(tx: Transaction, graph: GraphId, id: GroupId, color: string | null): void {
  tx.update(graph, 'groups', id, { color });
}

/// A collapsed group shows its title only.
export function setGroupCollapsed(tx: Transaction, graph: GraphId, ids: readonly GroupId[], on: boolean): void {
  for (const id of ids) {
    const { collapsed: _, ...others } = tx.row(graph, 'groups', id).flags;
    tx.update(graph, 'groups', id, { flags: on ? { ...others, collapsed: true } : others });
  }
}

/// The frames go, what is in them stays.
export function removeGroups(tx: Transaction, graph: GraphId, ids: readonly GroupId[]): void {
  for (const id of ids) tx.remove(graph, 'groups', id);
}
