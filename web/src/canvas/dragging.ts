// Moving things: while the pointer is down only the view moves; the document changes once, at the end.

import type { Node, NodeChange, OnNodeDrag } from '@xyflow/react';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Graph, Point } from '../model/document';
import type { Tab } from '../state/tabs';
import { insideOf } from './collapsing';
import { moveThings, type Moved } from './edit';
import { TITLE } from './geometry';
import { groupId, rerouteId } from './flow_nodes';
import { insertPreview, useInsertion } from './insertion';

type Places = ReadonlyMap<string, { x: number; y: number }>;
const still: Places = new Map();

export function useDragging(tab: Tab, graph: Graph, shown: Node[]) {
  const [places, setPlaces] = useState<Places>(still);
  /** What moves with a group: ids and where they were. */
  const carried = useRef<{ from: { x: number; y: number }; members: Map<string, { x: number; y: number }> } | null>(null);

  const nodes = useMemo(
    () => (places.size === 0 ? shown : shown.map((node) => {
      const position = places.get(node.id);
      return position ? { ...node, position } : node;
    })),
    [shown, places],
  );

  const onDragChanges = useCallback((changes: NodeChange[]) => {
    const moves = changes.flatMap((change) => (change.type === 'position' && change.position ? [[change.id, change.position] as const] : []));
    if (moves.length === 0) return;
    setPlaces((before) => {
      const next = new Map([...before, ...moves]);
      if (!carried.current) return next;
      const { from, members } = carried.current;
      const lead = moves.find(([id]) => id.startsWith('group:'))?.[1];
      if (lead) for (const [id, place] of members) next.set(id, { x: place.x + lead.x - from.x, y: place.y + lead.y - from.y });
      return next;
    });
  }, []);

  const onNodeDragStart: OnNodeDrag = useCallback((_event, node) => {
    carried.current = node.type === 'group-box' ? { from: node.position, members: membersOf(node.id, shown) } : null;
  }, [shown]);

  const onNodeDrag: OnNodeDrag = useCallback((event, node, dragged) => {
    if (node.type === 'step' && dragged.length === 1) insertPreview(tab, graph, node.id, event);
  }, [tab, graph]);

  const onNodeDragStop: OnNodeDrag = useCallback(() => {
    carried.current = null;
    const insertion = useInsertion.getState().target;
    useInsertion.setState({ target: null });
    setPlaces((moved) => {
      if (moved.size > 0) queueMicrotask(() => commit(tab, graph, moved, insertion));
      return moved;
    });
    // The document has the new places by the next frame.
    requestAnimationFrame(() => setPlaces(still));
  }, [tab, graph]);

  return { nodes, onDragChanges, dragHandlers: { onNodeDragStart, onNodeDrag, onNodeDragStop } };
}

function commit(tab: Tab, graph: Graph, places: Places, insertion: { node: string; link: string } | null): void {
  const moved: Moved = { nodes: new Map(), groups: new Map(), reroutes: new Map() };
  const point = ({ x, y }: { x: number; y: number }, dx: number, dy: number): Point => [Math.round(x) + dx, Math.round(y) + dy];
  for (const { id } of graph.nodes) if (places.has(id)) moved.nodes.set(id, point(places.get(id)!, 0, TITLE));
  for (const { id } of graph.groups) if (places.has(groupId(id))) moved.groups.set(id, point(places.get(groupId(id))!, 0, 0));
  for (const { id } of graph.reroutes) if (places.has(rerouteId(id))) moved.reroutes.set(id, point(places.get(rerouteId(id))!, 8, 8));
  moveThings(tab, graph.id, moved, insertion);
}

/** Members are decided when the drag begins. */
function membersOf(id: string, nodes: Node[]): Map<string, { x: number; y: number }> {
  // As it is in the document: a collapsed one is smaller on the canvas.
  const group = nodes.find((node) => node.id === id);
  const members = group ? insideOf(group, nodes).filter(({ draggable }) => draggable !== false) : [];
  return new Map(members.map((node) => [node.id, node.position]));
}
