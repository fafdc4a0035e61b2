import type { Edge } from '@xyflow/react';
import type { Graph, Point } from '../model/document';
import { indexOf, type LiveLink } from '../model/links';
import { inputHandle, outputHandle } from './handles';
import { colourOf } from './types';

export interface LinkData extends Record<string, unknown> {
  colour: string;
  type: string;
  points: Point[];
}

export type LinkEdge = Edge<LinkData>;

const remembered = new WeakMap<LiveLink, { selected: boolean; edge: LinkEdge }>();

export function flowEdges(graph: Graph, selected: ReadonlySet<string>): LinkEdge[] {
  return indexOf(graph).links.map((link) => {
    const chosen = selected.has(link.key);
    const known = remembered.get(link);
    if (known?.selected === chosen) return known.edge;
    const edge: LinkEdge = {
      id: link.key,
      type: 'link',
      source: link.from,
      sourceHandle: outputHandle(link.fromSlot),
      target: link.to,
      targetHandle: inputHandle(link.input),
      selected: chosen,
      focusable: false,
      data: {
        colour: colourOf(link.type),
        type: link.type,
        points: link.reroutes.map((id) => graph.reroutes.get(id)).filter((row) => row !== undefined).map((row) => row.pos),
      },
    };
    remembered.set(link, { selected: chosen, edge });
    return edge;
  });
}
