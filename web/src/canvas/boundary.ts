// Inside a subgraph, two boxes stand for its inputs and outputs.

import { Position, type Node } from '@xyflow/react';
import { INPUT_NODE, OUTPUT_NODE, ROOT, type Graph, type Rect } from '../model/document';
import { boundaryKeys } from '../model/links';
import { PAD, ROW, TITLE } from './geometry';
import { inputHandle, outputHandle } from './handles';

export interface BoundaryData extends Record<string, unknown> {
  side: 'inputs' | 'outputs';
  slots: { key: string; label: string; type: string }[];
}

export function boundaryNodes(graph: Graph): Node[] {
  if (graph.id === ROOT) return [];
  return [boundaryNode(graph, 'inputs', graph.header.inputBox), boundaryNode(graph, 'outputs', graph.header.outputBox)];
}

function boundaryNode(graph: Graph, side: 'inputs' | 'outputs', [x, y, boxWidth]: Rect): Node {
  const keys = boundaryKeys(graph, side);
  const slots = graph.header[side].map((slot, i) => ({ key: keys[i] ?? slot.name, label: slot.label ?? slot.name, type: slot.type }));
  const width = Math.max(120, boxWidth);
  const height = TITLE + PAD * 2 + Math.max(1, slots.length) * ROW;
  const isSource = side === 'inputs';
  const data: BoundaryData = { side, slots };
  return {
    id: isSource ? INPUT_NODE : OUTPUT_NODE,
    type: 'boundary',
    position: { x, y },
    data,
    width,
    height,
    measured: { width, height },
    selectable: false,
    draggable: false,
    focusable: false,
    handles: slots.map((slot, i) => ({
      id: isSource ? outputHandle(i) : inputHandle(slot.key),
      type: isSource ? 'source' : 'target',
      position: isSource ? Position.Right : Position.Left,
      x: isSource ? width - 6 : -6,
      y: TITLE + PAD + i * ROW + ROW / 2 - 6,
      width: 12,
      height: 12,
    })),
  };
}
