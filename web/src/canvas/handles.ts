// Names of sockets for React Flow: "i:model" is the input model, "o:0" the first output.

import { Position, type NodeHandle } from '@xyflow/react';
import type { NodeLayout } from './geometry';

export const inputHandle = (key: string): string => `i:${key}`;
export const outputHandle = (slot: number): string => `o:${slot}`;

export function readHandle(id: string): { input: string } | { output: number } {
  return id.startsWith('i:') ? { input: id.slice(2) } : { output: Number(id.slice(2)) };
}

const SIZE = 12;

export function handlesOf(layout: NodeLayout): NodeHandle[] {
  const at = (y: number) => ({ y: y - SIZE / 2, width: SIZE, height: SIZE });
  return [
    ...layout.inputs.map(({ input, y }): NodeHandle => ({
      id: inputHandle(input.key), type: 'target', position: Position.Left, x: -SIZE / 2, ...at(y),
    })),
    ...layout.outputs.map(({ output, y }): NodeHandle => ({
      id: outputHandle(output.index), type: 'source', position: Position.Right, x: layout.width - SIZE / 2, ...at(y),
    })),
  ];
}
