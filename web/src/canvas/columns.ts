// The plain arrangement: each node in the column after its farthest source, near the middle of its sources. For graphs that
// are too deep for the better one.

import type { LayoutJob, LayoutResult } from './layout';

const GAP_X = 70;
const GAP_Y = 30;

export function inColumns({ nodes, links }: LayoutJob): LayoutResult {
  const sources = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const [from, to] of links) sources.get(to)?.push(from);
  const columns: LayoutJob['nodes'][] = [];
  const depth = depths(nodes.map(({ id }) => id), links);
  for (const node of nodes) (columns[depth.get(node.id) ?? 0] ??= []).push(node);

  const middles = new Map<string, number>();
  const result: LayoutResult = [];
  let x = 0;
  for (const column of columns) {
    const wanted = (id: string): number => mean((sources.get(id) ?? []).map((source) => middles.get(source) ?? 0));
    let y = 0;
    for (const { id, height } of [...column].sort((a, b) => wanted(a.id) - wanted(b.id))) {
      middles.set(id, y + height / 2);
      result.push([id, x, y]);
      y += height + GAP_Y;
    }
    x += Math.max(...column.map(({ width }) => width)) + GAP_X;
  }
  return result;
}

const mean = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);

/** The length of the longest way to each node. */
function depths(ids: readonly string[], links: LayoutJob['links']): Map<string, number> {
  const depth = new Map(ids.map((id) => [id, 0]));
  const waiting = new Map(ids.map((id) => [id, 0]));
  const targets = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const [from, to] of links) {
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
    targets.get(from)?.push(to);
  }
  const queue = ids.filter((id) => waiting.get(id) === 0);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const next of targets.get(id) ?? []) {
      depth.set(next, Math.max(depth.get(next) ?? 0, (depth.get(id) ?? 0) + 1));
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) queue.push(next);
    }
  }
  return depth;
}
