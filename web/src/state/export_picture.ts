// The graph as a picture that can be opened again: SVG, or PNG as other programs make them.

import { flowEdges } from '../canvas/flow_edges';
import { flowNodes } from '../canvas/flow_nodes';
import { graphSvg, type GraphPicture } from '../canvas/graph_svg';
import { colours } from '../canvas/scene';
import { withPngText } from '../io/png_write';
import { downloadBlob } from './files';
import { notify } from './notices';
import { documentText } from './running';
import { useRuns } from './runs';
import { activeTab, shownGraph, type Tab } from './tabs';

const NOTHING = { nodes: new Set<string>(), groups: new Set<string>(), reroutes: new Set<string>() };
/** Browsers draw no larger pictures. */
const LONGEST_SIDE = 8192;

function pictureOf(tab: Tab): GraphPicture {
  const graph = shownGraph(tab);
  const { document: doc, registry } = tab.editor;
  const nodes = flowNodes(tab, graph, NOTHING, useRuns.getState().made[tab.id] ?? {}, {});
  return { document: doc, graph, registry, nodes, edges: flowEdges(graph, new Set()), colour: colours(document.documentElement) };
}

export function exportSvg(): void {
  const tab = activeTab();
  if (tab) downloadBlob(new Blob([graphSvg(pictureOf(tab), documentText(tab)).svg], { type: 'image/svg+xml' }), `${tab.name}.svg`);
}

export async function exportPng(): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const { svg, width, height } = graphSvg(pictureOf(tab), '');
  const scale = Math.min(2, LONGEST_SIDE / Math.max(width, height));
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext('2d')?.drawImage(await loaded(svg), 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!drawn) return notify('error', 'The browser could not draw the picture: try SVG.');
  const png = withPngText(new Uint8Array(await drawn.arrayBuffer()), 'workflow', documentText(tab));
  downloadBlob(new Blob([png], { type: 'image/png' }), `${tab.name}.png`);
}

async function loaded(svg: string): Promise<HTMLImageElement> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}
