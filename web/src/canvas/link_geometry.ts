// Where links run, from the places of sockets alone.

import type { Node } from '@xyflow/react';
import type { Point } from '../model/document';
import type { LinkEdge } from './flow_edges';

export const socketOf = (node: Node, handle: string | null | undefined): Point | null => {
  const found = node.handles?.find(({ id }) => id === handle);
  if (!found) return null;
  return [node.position.x + found.x + (found.width ?? 0) / 2, node.position.y + found.y + (found.height ?? 0) / 2];
};

/** From an output through reroutes to an input; null where an end is missing. */
export function pointsOf(edge: LinkEdge, nodes: ReadonlyMap<string, Node>): Point[] | null {
  const [source, target] = [nodes.get(edge.source), nodes.get(edge.target)];
  const from = source && socketOf(source, edge.sourceHandle);
  const to = target && socketOf(target, edge.targetHandle);
  return from && to ? [from, ...(edge.data?.points ?? []), to] : null;
}

interface Bend {
  from: Point;
  out: Point;
  in: Point;
  to: Point;
}

/** A link leaves to the right and arrives from the left. */
export function bendsOf(points: readonly Point[]): Bend[] {
  return points.slice(1).map((to, i) => {
    const from = points[i] as Point;
    const reach = Math.max(24, Math.abs(to[0] - from[0]) / 2);
    return { from, out: [from[0] + reach, from[1]], in: [to[0] - reach, to[1]], to };
  });
}

export function linkPath(points: readonly Point[]): string {
  const [first] = points;
  if (!first) return '';
  const bends = bendsOf(points).map((bend) => `C${bend.out.join()} ${bend.in.join()} ${bend.to.join()}`);
  return `M${first.join()}${bends.join('')}`;
}

/** The link as short straight pieces. */
export function flattened(points: readonly Point[], pieces = 24): Point[] {
  const line: Point[] = points.slice(0, 1);
  for (const bend of bendsOf(points)) {
    for (let i = 1; i <= pieces; i++) line.push(pointOn(bend, i / pieces));
  }
  return line;
}

function pointOn(bend: Bend, t: number): Point {
  const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
  const at = (axis: 0 | 1): number => a * bend.from[axis] + b * bend.out[axis] + c * bend.in[axis] + d * bend.to[axis];
  return [at(0), at(1)];
}
