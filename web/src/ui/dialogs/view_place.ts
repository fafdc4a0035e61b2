// Zoom and place of what a viewer shows; two pictures that are compared share them.

import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type WheelEvent } from 'react';

const LEAST = 0.25;
const MOST = 16;
const STEP = 60;

export interface ViewPlace {
  /** 0: as large as fits. */
  zoom: number;
  style: { transform: string } | undefined;
  setZoom(zoom: number): void;
  zoomBy(factor: number): void;
  /** Whether the key was one of its own. */
  onKey(event: KeyboardEvent): boolean;
  handlers: {
    onWheel(event: WheelEvent): void;
    onPointerDown(event: PointerEvent): void;
    onPointerMove(event: PointerEvent): void;
    onPointerUp(): void;
  };
}

export function useViewPlace(shown: unknown): ViewPlace {
  const [zoom, setZoom] = useState(0);
  const [shift, setShift] = useState({ x: 0, y: 0 });
  const from = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => setShift({ x: 0, y: 0 }), [shown]);
  const change = (next: number): void => {
    if (next === 0) setShift({ x: 0, y: 0 });
    setZoom(next === 0 ? 0 : Math.max(LEAST, Math.min(MOST, next)));
  };
  const zoomBy = (factor: number): void => change((zoom || 1) * factor);
  const move = (x: number, y: number): void => setShift({ x: shift.x + x, y: shift.y + y });

  const keys: Record<string, () => void> = {
    '+': () => zoomBy(1.5), '=': () => zoomBy(1.5), '-': () => zoomBy(1 / 1.5), 1: () => change(1), 0: () => change(0),
    'Shift+ArrowLeft': () => move(STEP, 0), 'Shift+ArrowRight': () => move(-STEP, 0), 'Shift+ArrowUp': () => move(0, STEP), 'Shift+ArrowDown': () => move(0, -STEP),
  };
  return {
    zoom,
    style: zoom === 0 ? undefined : { transform: `translate(${shift.x}px, ${shift.y}px) scale(${zoom})` },
    setZoom: change,
    zoomBy,
    onKey(event) {
      const action = keys[event.shiftKey && event.key.startsWith('Arrow') ? `Shift+${event.key}` : event.key];
      action?.();
      return action !== undefined;
    },
    handlers: {
      onWheel: (event) => zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2),
      onPointerDown(event) {
        if ((event.target as HTMLElement).closest('input, button, select')) return;
        event.preventDefault();
        from.current = { x: event.clientX - shift.x, y: event.clientY - shift.y };
      },
      onPointerMove(event) {
        if (from.current && zoom !== 0) setShift({ x: event.clientX - from.current.x, y: event.clientY - from.current.y });
      },
      onPointerUp: () => void (from.current = null),
    },
  };
}
