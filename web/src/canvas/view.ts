// The canvas's camera, for commands.

import type { ReactFlowInstance } from '@xyflow/react';
import type { Point } from '../model/document';
import { selectedNodes } from '../state/selection';

let flow: ReactFlowInstance | undefined;
let pointer = { x: 0, y: 0 };

export function setFlow(instance: unknown): void {
  flow = instance as ReactFlowInstance;
}

export function setPointer(at: { x: number; y: number }): void {
  pointer = at;
}

const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
const duration = (): number => (still() ? 0 : 140);

/** The pointer where it is over the canvas, else the canvas's middle: in the window. */
export function placeForNew(): { x: number; y: number } {
  const box = document.querySelector('.canvas')?.getBoundingClientRect();
  if (!box) return pointer;
  const isInside = pointer.x > box.left && pointer.x < box.right && pointer.y > box.top && pointer.y < box.bottom;
  return isInside ? pointer : { x: box.left + box.width / 2, y: box.top + box.height / 3 };
}

export function toGraph(at: { x: number; y: number }): Point {
  const { x, y } = flow?.screenToFlowPosition(at) ?? at;
  return [Math.round(x), Math.round(y)];
}

export function fitAll(): void {
  void flow?.fitView({ duration: duration(), maxZoom: 1, padding: 0.1 });
}

export function fitSelection(): void {
  const nodes = selectedNodes().map((id) => ({ id }));
  if (nodes.length === 0) return fitAll();
  void flow?.fitView({ nodes, duration: duration(), maxZoom: 1.5, padding: 0.2 });
}

export function showNode(id: string): void {
  void flow?.fitView({ nodes: [{ id }], duration: duration(), maxZoom: 1, minZoom: 0.6, padding: 0.4 });
}

export function zoomBy(factor: number): void {
  void flow?.zoomTo(flow.getZoom() * factor, { duration: duration() });
}

export function zoomTo(zoom: number): void {
  void flow?.zoomTo(zoom, { duration: duration() });
}

/** Brings a node into view only if it is not there; the zoom stays. */
export function showNodeSoftly(id: string): void {
  const node = flow?.getNode(id);
  const box = document.querySelector('.canvas')?.getBoundingClientRect();
  if (!flow || !node || !box) return;
  const topLeft = flow.flowToScreenPosition(node.position);
  const isVisible = topLeft.x > box.left && topLeft.y > box.top && topLeft.x < box.right - 120 && topLeft.y < box.bottom - 60;
  if (isVisible) return;
  void flow.setCenter(node.position.x + (node.width ?? 0) / 2, node.position.y + (node.height ?? 0) / 2, {
    zoom: flow.getZoom(), duration: duration(),
  });
}
