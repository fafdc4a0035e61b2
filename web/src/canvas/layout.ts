import { applyPositions } from '../model/commands/look';
import { definitionOf } from '../model/definition_of';
import type { Graph, Point } from '../model/document';
import { indexOf } from '../model/links';
import { useRuns } from '../state/runs';
import { shownGraph, stepId, type Tab } from '../state/tabs';
import { layoutOf, TITLE } from './geometry';

export interface LayoutJob {
  nodes: { id: string; width: number; height: number }[];
  links: [string, string][];
}
export type LayoutResult = [id: string, x: number, y: number][];

function inWorker(job: LayoutJob): Promise<LayoutResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<LayoutResult>) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = (event) => {
      worker.terminate();
      reject(new Error(event.message || 'The layout failed.'));
    };
    worker.postMessage(job);
  });
}

/** Arranges these nodes (all if none are given) from left to right: one step of undo. */
export async function arrange(tab: Tab, chosen: readonly string[]): Promise<void> {
  const graph = shownGraph(tab);
  const ids = chosen.length > 1 ? chosen : [...graph.nodes.ids()];
  if (ids.length === 0) return;
  const places = await inWorker(jobOf(tab, graph, new Set(ids)));
  const corner = topLeft(graph, ids);
  const positions = new Map<string, Point>();
  for (const [id, x, y] of places) {
    if (graph.nodes.has(id)) positions.set(id, [Math.round(corner[0] + x), Math.round(corner[1] + y + TITLE)]);
  }
  tab.editor.transact('Arrange', (tx) => applyPositions(tx, graph.id, positions));
}

function jobOf(tab: Tab, graph: Graph, ids: Set<string>): LayoutJob {
  const made = useRuns.getState().made[tab.id] ?? {};
  const nodes = graph.nodes.rows().filter(({ id }) => ids.has(id)).map((row) => {
    const definition = definitionOf(tab.editor.document, graph, row, tab.editor.registry);
    const { width, height } = layoutOf(row, definition, (made[stepId(tab, row.id)]?.images.length ?? 0) > 0);
    return { id: row.id, width, height };
  });
  const links = indexOf(graph).links.filter(({ from, to }) => ids.has(from) && ids.has(to)).map(({ from, to }): [string, string] => [from, to]);
  return { nodes, links };
}

function topLeft(graph: Graph, ids: readonly string[]): Point {
  const points = ids.map((id) => graph.nodes.get(id)?.pos ?? ([0, 0] as Point));
  return [Math.min(...points.map(([x]) => x)), Math.min(...points.map(([, y]) => y)) - TITLE];
}
