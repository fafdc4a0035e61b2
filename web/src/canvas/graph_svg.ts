// The graph that is shown as an SVG picture, which holds the document too.

import { INPUT_NODE, MODE_BYPASSED, MODE_MUTED, OUTPUT_NODE, type Document, type Graph, type GraphNode } from '../model/document';
import { definitionOf, titleOf } from '../model/definition_of';
import type { Registry } from '../model/definition';
import { valueOf } from '../model/values';
import { escaped, svgMetadata } from '../io/svg_texts';
import { around, boxOf } from './culling';
import type { LinkEdge } from './flow_edges';
import type { Node } from '@xyflow/react';
import { layoutOf, ROW, TITLE, WIDGET } from './geometry';
import { linkPath, pointsOf } from './link_geometry';
import { colourOf } from './types';

const MARGIN = 40;

export interface GraphPicture {
  document: Document;
  graph: Graph;
  registry: Registry;
  nodes: readonly Node[];
  edges: readonly LinkEdge[];
  /** A CSS colour, with the page's names resolved. */
  colour(name: string): string;
}

export function graphSvg(picture: GraphPicture, workflow: string): { svg: string; width: number; height: number } {
  const { nodes, edges, colour } = picture;
  const box = around(nodes.map(boxOf));
  const [width, height] = [Math.ceil(box.width + 2 * MARGIN), Math.ceil(box.height + 2 * MARGIN)];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const of = (type: string): Node[] => nodes.filter((node) => node.type === type);
  const links = edges.map((edge) => `<path d="${linkPath(pointsOf(edge, byId) ?? [])}" fill="none" stroke-width="2.2" stroke="${colour(edge.data?.colour ?? '')}"/>`);
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${box.x - MARGIN} ${box.y - MARGIN} ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    svgMetadata(workflow),
    rect(box.x - MARGIN, box.y - MARGIN, width, height, colour('var(--canvas)'), 'none', 0),
    ...of('group-box').map((node) => groupSvg(node, colour)),
    ...links,
    ...nodes.flatMap((node) => picture.graph.nodes.get(node.id) ?? []).map((row) => nodeSvg(picture, row, byId.get(row.id))),
    ...[INPUT_NODE, OUTPUT_NODE].flatMap((id) => byId.get(id) ?? []).map((node) => frameSvg(node, node.id === INPUT_NODE ? 'Inputs' : 'Outputs', colour)),
    '</svg>',
  ].join('\n');
  return { svg, width, height };
}

const rect = (x: number, y: number, width: number, height: number, fill: string, stroke: string, radius = 8): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="${escaped(fill)}" stroke="${escaped(stroke)}"/>`;

const WIDE = 7;
function text(x: number, y: number, content: string, fill: string, room: number, anchor = 'start'): string {
  const most = Math.max(3, Math.floor(room / WIDE));
  const letters = [...content.replace(/\s+/g, ' ')];
  const cut = letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : letters.join('');
  return `<text x="${x}" y="${y}" fill="${escaped(fill)}" text-anchor="${anchor}">${escaped(cut)}</text>`;
}

function groupSvg(node: Node, colour: GraphPicture['colour']): string {
  const { x, y, width, height } = boxOf(node);
  const own = colour(String(node.data.colour));
  const frame = rect(x, y, width, height, own, own).replace('<rect', '<rect fill-opacity="0.2"');
  return frame + text(x + 12, y + 24, String(node.data.title), colour('var(--text)'), width - 24);
}

function frameSvg(node: Node, title: string, colour: GraphPicture['colour']): string {
  const { x, y, width, height } = boxOf(node);
  return rect(x, y, width, height, colour('var(--node)'), colour('var(--line)'))
    + rect(x, y, width, TITLE, colour('var(--header)'), 'none') + text(x + 10, y + 20, title, colour('var(--text)'), width - 20);
}

function nodeSvg({ document, graph, registry, colour }: GraphPicture, row: GraphNode, node: Node | undefined): string {
  if (!node) return '';
  const definition = definitionOf(document, graph, row, registry);
  const layout = layoutOf(row, definition, node.data.picture === true);
  const { x, y } = node.position;
  const ink = colour('var(--text)');
  const dot = (at: number, dy: number, type: string): string => `<circle cx="${x + at}" cy="${y + dy}" r="4.5" fill="${colour(colourOf(type))}"/>`;
  const parts = [
    rect(x, y, layout.width, layout.height, row.bgcolor ?? colour('var(--node)'), colour('var(--line)')),
    rect(x, y, layout.width, TITLE, row.color ?? colour('var(--header)'), 'none'),
    text(x + 10, y + 20, titleOf(row, definition), row.color ? '#fff' : ink, layout.width - 20),
    ...layout.inputs.map(({ input, y: dy }) => dot(0, dy, input.type)),
    ...layout.outputs.map(({ output, y: dy }) => dot(layout.width, dy, output.type)),
  ];
  if (layout.height > TITLE) {
    const half = layout.width / 2 - 16;
    for (const { input, y: dy } of layout.inputs) if (!input.definition?.widget) parts.push(text(x + 14, y + dy + 5, input.label, ink, half));
    for (const { output, y: dy } of layout.outputs) parts.push(text(x + layout.width - 14, y + dy + 5, output.label, colour(colourOf(output.type)), half, 'end'));
    for (const { input, y: dy, height } of layout.widgets) {
      parts.push(rect(x + 12, y + dy + 1, layout.width - 24, Math.min(height, Math.max(WIDGET, height)) - 4, colour('var(--field)'), colour('var(--faint)'), 4));
      const value = definition && valueOf(row, definition, input.key);
      parts.push(text(x + 20, y + dy + ROW / 2 + 6, `${input.label}: ${String(value ?? '')}`, ink, layout.width - 40));
    }
  }
  const faded = row.mode === MODE_MUTED || row.mode === MODE_BYPASSED;
  return `<g${faded ? ' opacity="0.55"' : ''}>${parts.join('')}</g>`;
}
