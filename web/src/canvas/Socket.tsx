import { Handle, Position } from '@xyflow/react';
import { colourOf, shapeOf, type Shape } from './types';
import { useCompatibility } from './connecting';
import { inputHandle, outputHandle } from './handles';

const outlines: Record<Shape, string> = {
  circle: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
  square: 'M2 2h8v8H2z',
  diamond: 'M6 .8 11.2 6 6 11.2.8 6z',
  triangle: 'M1.5 1.5 10.5 6l-9 4.5z',
};

interface SocketProps {
  node: string;
  y: number;
  type: string;
  label: string;
  linked: boolean;
  /** A ring: it may stay unlinked. */
  optional?: boolean;
}

function Shape({ type, hollow }: { type: string; hollow: boolean }) {
  return (
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={outlines[shapeOf(type)]} fill={hollow ? 'var(--node)' : colourOf(type)} stroke={colourOf(type)} strokeWidth="1.5" />
    </svg>
  );
}

export function InputSocket({ node, y, type, label, linked, optional, input }: SocketProps & { input: string }) {
  const { compatible, reason } = useCompatibility(node, { input });
  return (
    <Handle
      id={inputHandle(input)}
      type="target"
      position={Position.Left}
      style={{ top: y }}
      data-compat={compatible}
      data-linked={linked ? '' : undefined}
      data-optional={optional ? '' : undefined}
      title={reason ?? `${label}: ${type}`}
      role="img"
      aria-label={`input ${label}, ${type}`}
    >
      <Shape type={type} hollow={Boolean(optional) && !linked} />
    </Handle>
  );
}

export function OutputSocket({ node, y, type, label, linked, output }: SocketProps & { output: number }) {
  const { compatible, reason } = useCompatibility(node, { output });
  return (
    <Handle
      id={outputHandle(output)}
      type="source"
      position={Position.Right}
      style={{ top: y }}
      data-compat={compatible}
      data-linked={linked ? '' : undefined}
      title={reason ?? `${label}: ${type}`}
      role="img"
      aria-label={`output ${label}, ${type}`}
    >
      <Shape type={type} hollow={false} />
    </Handle>
  );
}
