import { useStore } from '@xyflow/react';

const GAP = 20;

/** The dots behind the graph. A step of the camera only shifts the layer; dots are painted anew when the zoom changes. */
export function Grid() {
  const [x, y, zoom] = useStore((state) => state.transform);
  let gap = GAP * zoom;
  while (gap < 12) gap *= 2;
  const place = `translate(${(x % gap) - gap}px, ${(y % gap) - gap}px)`;
  return <div className="grid" style={{ transform: place, backgroundSize: `${gap}px ${gap}px`, inset: `0 ${-2 * gap}px ${-2 * gap}px 0` }} />;
}
