import { Panel, useReactFlow, useStore, type ReactFlowState } from '@xyflow/react';
import { useEffect, useMemo, useRef, type PointerEvent } from 'react';
import { around } from './culling';
import { prepared } from './picture';
import { colours, drawScene, type Scene, type View } from './scene';

const SIZE = { width: 200, height: 150 };
const MARGIN = 8;
/** Groups and nodes without links, which would cover all else. */
const withoutLinks = (scene: Scene): Scene => ({ ...scene, links: new Map() });

const frameOf = ({ transform: [x, y, zoom], width, height }: ReactFlowState): string =>
  [-x / zoom, -y / zoom, width / zoom, height / zoom].map((number) => number.toFixed(1)).join(' ');

/** The whole graph and what is seen of it; a press or a drag moves the view there, the wheel zooms. */
export function MiniMap({ scene }: { scene: Scene }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const flow = useReactFlow();
  const view = useMemo(() => viewOf(scene), [scene]);
  useEffect(() => {
    const element = canvas.current;
    const context = element && prepared(element, SIZE.width, SIZE.height);
    if (context) drawScene(context, withoutLinks(scene), view, SIZE, colours(element));
  }, [scene, view]);

  const move = (event: PointerEvent<HTMLElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    void flow.setCenter((x - view.x) / view.zoom, (y - view.y) / view.zoom, { zoom: flow.getZoom() });
  };
  return (
    <Panel position="bottom-right" className="minimap">
      <div
        role="img"
        aria-label="Overview of the graph"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          move(event);
        }}
        onPointerMove={move}
        onWheel={(event) => void flow.zoomTo(flow.getZoom() * Math.exp(-event.deltaY / 300))}
      >
        <canvas ref={canvas} style={SIZE} />
        <Frame view={view} />
      </div>
    </Panel>
  );
}

function Frame({ view }: { view: View }) {
  const [x = 0, y = 0, width = 0, height = 0] = useStore(frameOf).split(' ').map(Number);
  const place = `translate(${x * view.zoom + view.x}px, ${y * view.zoom + view.y}px)`;
  return <div className="minimap-frame" style={{ transform: place, width: width * view.zoom, height: height * view.zoom }} />;
}

function viewOf(scene: Scene): View {
  const { x, y, width, height } = around([...scene.nodes, ...scene.groups]);
  const zoom = Math.min(0.15, (SIZE.width - 2 * MARGIN) / Math.max(1, width), (SIZE.height - 2 * MARGIN) / Math.max(1, height));
  return { x: SIZE.width / 2 - (x + width / 2) * zoom, y: SIZE.height / 2 - (y + height / 2) * zoom, zoom };
}
