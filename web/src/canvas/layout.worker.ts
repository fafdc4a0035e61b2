// Arranges a graph from left to right, apart from the page so that it stays responsive.

import { graphlib, layout } from '@dagrejs/dagre';
import { inColumns } from './columns';
import type { LayoutJob, LayoutResult } from './layout';

self.onmessage = ({ data }: MessageEvent<LayoutJob>) => {
  self.postMessage(arranged(data));
};

function arranged(job: LayoutJob): LayoutResult {
  try {
    return inLayers(job);
  } catch (error) {
    // The library goes along links by recursion: chains of many hundred nodes are too long for it.
    if (error instanceof RangeError) return inColumns(job);
    throw error;
  }
}

function inLayers({ nodes, links }: LayoutJob): LayoutResult {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 30, ranksep: 70, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  links.forEach(([from, to], i) => graph.setEdge(from, to, {}, String(i)));
  layout(graph);
  return nodes.map(({ id, width, height }) => {
    const { x, y } = graph.node(id);
    return [id, x - width / 2, y - height / 2];
  });
}
