// From afar the graph is a picture. The node under the pointer is put into the page, so that it can be pressed and dragged.

import type { Node } from '@xyflow/react';
import { create } from 'zustand';
import { boxOf, meets, type Box } from './culling';
import { exactlyInGraph } from './view';

export const useHovered = create<{ id: string }>(() => ({ id: '' }));

export function hoverAt(nodes: readonly Node[], at: { x: number; y: number }): void {
  const id = nodeAt(nodes, at)?.id ?? '';
  if (id !== useHovered.getState().id) useHovered.setState({ id });
}

/** The topmost node there. */
export function nodeAt(nodes: readonly Node[], at: { x: number; y: number }): Node | undefined {
  const [x, y] = exactlyInGraph(at);
  return nodes.findLast((node) => !node.hidden && node.type !== 'group-box' && meets(boxOf(node), { x, y, width: 1, height: 1 }));
}

/** What a box that was drawn over the picture selects. */
export function nodesBetween(nodes: readonly Node[], a: { x: number; y: number }, b: { x: number; y: number }): Node[] {
  const [[ax, ay], [bx, by]] = [exactlyInGraph(a), exactlyInGraph(b)];
  const box: Box = { x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(ax - bx), height: Math.abs(ay - by) };
  return nodes.filter((node) => !node.hidden && meets(boxOf(node), box));
}
