// The canvas's camera, for commands.

import { getViewportForBounds, type Node, type ReactFlowInstance, type Viewport } from '@xyflow/react';
import type { Point } from '../model/document';
import { selectedNodes } from '../state/selection';
import { around, boxOf, type Box } from './culling';

export const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 4;

let flow: ReactFlowInstance | undefined;
/** All nodes of the graph that is shown, those that are not in the page as well. */
let shown: readonly Node[] = [];
let pointer = { x: 0, y: 0 };

export function setFlow(instance: unknown): void {
  flow = instance as ReactFlowInstance;
}

export function setShown(nodes: readonly Node[]): void {
  shown = nodes;
}

export function setPointer(at: { x: number; y: number }): void {
  pointer = at;
}

const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
const duration = (): number => (still() ? 0 : 140);
const canvasBox = (): DOMRect | undefined => document.querySelector('.canvas')?.getBoundingClientRect();

/** The pointer where it is over the canvas, else the canvas's middle: in the window. */
export function placeForNew(): { x: number; y: number } {
  const box = canvasBox();
  if (!box) return pointer;
  const isInside = pointer.x > box.left && pointer.x < box.right && pointer.y > box.top && pointer.y < box.bottom;
  return isInside ? pointer : { x: box.left + box.width / 2, y: box.top + box.height / 3 };
}

/** A place in the window as one in the graph, on the grid where nodes snap to it. */
export function toGraph(at: { x: number; y: number }): Point {
  const { x, y } = flow?.screenToFlowPosition(at) ?? at;
  return [Math.round(x), Math.round(y)];
}

export function exactlyInGraph(at: { x: number; y: number }): Point {
  const { x, y } = flow?.screenToFlowPosition(at, { snapToGrid: false }) ?? at;
  return [x, y];
}

interface Fit {
  maxZoom: number;
  minZoom?: number;
  padding: number;
}
const WHOLE: Fit = { maxZoom: 1, padding: 0.1 };

function viewOf(box: Box, { maxZoom, minZoom = MIN_ZOOM, padding }: Fit, size: { width: number; height: number }): Viewport {
  return getViewportForBounds(box, size.width, size.height, minZoom, maxZoom, padding);
}

function fit(nodes: readonly Node[], how: Fit, ms = duration()): void {
  const size = canvasBox();
  if (nodes.length > 0 && size) void flow?.setViewport(viewOf(around(nodes.map(boxOf)), how, size), { duration: ms });
}

/** Where the camera stands at first: so that nothing has to be drawn twice. */
export function firstView(nodes: readonly Node[]): Viewport {
  const stage = document.querySelector('.stage')?.getBoundingClientRect();
  const size = { width: stage?.width || innerWidth - 60, height: stage?.height || innerHeight - 48 };
  return nodes.length === 0 ? { x: 40, y: 60, zoom: 1 } : viewOf(around(nodes.map(boxOf)), WHOLE, size);
}

export function fitAll(): void {
  fit(shown, WHOLE);
}

export function fitAllAtOnce(): void {
  fit(shown, WHOLE, 0);
}

export function fitSelection(): void {
  const ids = new Set(selectedNodes());
  if (ids.size === 0) return fitAll();
  fit(shown.filter(({ id }) => ids.has(id)), { maxZoom: 1.5, padding: 0.2 });
}

export function showNode(id: string): void {
  fit(shown.filter((node) => node.id === id), { maxZoom: 1, minZoom: 0.6, padding: 0.4 });
}

export function zoomBy(factor: number): void {
  void flow?.zoomTo(flow.getZoom() * factor, { duration: duration() });
}

export function zoomTo(zoom: number): void {
  void flow?.zoomTo(zoom, { duration: duration() });
}

/** Brings a node into view only if it is not there; the zoom stays. */
export function showNodeSoftly(id: string): void {
  const node = shown.find((one) => one.id === id);
  const box = canvasBox();
  if (!flow || !node || !box) return;
  const topLeft = flow.flowToScreenPosition(node.position);
  const isVisible = topLeft.x > box.left && topLeft.y > box.top && topLeft.x < box.right - 120 && topLeft.y < box.bottom - 60;
  if (isVisible) return;
  void flow.setCenter(node.position.x + (node.width ?? 0) / 2, node.position.y + (node.height ?? 0) / 2, {
    zoom: flow.getZoom(), duration: duration(),
  });
}
