import { useRef, type PointerEvent } from 'react';
import { usePreferences } from '../state/preferences';
import { exactlyInGraph } from './view';

interface Props {
  label: string;
  size: { width: number; height: number };
  /** Called many times in one gesture, which `onEnd` closes. */
  onResize(width: number, height: number): void;
  onEnd(): void;
}

const GRID = 10;

/** The corner by which a box is made larger or smaller. The details have the same as numbers. */
export function Resizer({ label, size, onResize, onEnd }: Props) {
  const start = useRef<{ x: number; y: number; width: number; height: number } | null>(null);
  const onPointerDown = (event: PointerEvent<HTMLElement>): void => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    const [x, y] = exactlyInGraph({ x: event.clientX, y: event.clientY });
    start.current = { x, y, ...size };
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>): void => {
    const from = start.current;
    if (!from) return;
    const [x, y] = exactlyInGraph({ x: event.clientX, y: event.clientY });
    const grid = usePreferences.getState().snap ? GRID : 1;
    const snapped = (length: number): number => Math.round(length / grid) * grid;
    onResize(snapped(from.width + x - from.x), snapped(from.height + y - from.y));
  };
  const onPointerUp = (): void => {
    if (start.current) onEnd();
    start.current = null;
  };
  return (
    <div
      className="resizer nodrag nopan"
      title={label}
      aria-hidden="true"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
    />
  );
}
