// Arranges a graph from left to right, apart from the page so that it stays responsive.

import { graphlib, layout } from '@dagrejs/dagre';
import type { LayoutJob, LayoutResult } from './layout';

self.onmessage = ({ data }: MessageEvent<LayoutJob>) => {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 30, ranksep: 70, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of data.nodes) graph.setNode(id, { width, height });
  data.links.forEach(([from, to], i) => graph.setEdge(from, to, {}, String(i)));
  layout(graph);
  const places: LayoutResult = data.nodes.map(({ id, width, height }) => {
    const { x, y } = graph.node(id);
    return [id, x - width / 2, y - height / 2];
  });
  self.postMessage(places);
};
