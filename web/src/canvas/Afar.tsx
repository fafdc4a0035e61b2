import { useStoreApi } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { prepared } from './picture';
import { colours, drawScene, type Scene } from './scene';

/** A large graph from afar: one picture, drawn anew when the camera moves or the graph changes. */
export function Afar({ scene }: { scene: Scene }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const store = useStoreApi();
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const resolve = colours(element);
    let asked = 0;
    const draw = (): void => {
      asked = 0;
      const { transform: [x, y, zoom], width, height } = store.getState();
      const context = prepared(element, width, height);
      if (context) drawScene(context, scene, { x, y, zoom }, { width, height }, resolve);
      element.dataset.drawn = '';
    };
    draw();
    const stop = store.subscribe((now, before) => {
      if (now.transform !== before.transform || now.width !== before.width || now.height !== before.height) asked ||= requestAnimationFrame(draw);
    });
    return () => {
      stop();
      cancelAnimationFrame(asked);
    };
  }, [scene, store]);
  return <canvas ref={canvas} className="afar" aria-hidden="true" />;
}
