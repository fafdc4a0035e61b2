import type { Node } from '@xyflow/react';
import { useEffect, useState } from 'react';
import { removeLinks } from '../model/commands/links';
import type { Graph, Point } from '../model/document';
import type { Tab } from '../state/tabs';
import type { LinkEdge } from './flow_edges';
import { flattened, pointsOf } from './link_geometry';
import { exactlyInGraph } from './view';

type Cut = { x1: number; y1: number; x2: number; y2: number };

interface Props {
  tab: Tab;
  graph: Graph;
  nodes: readonly Node[];
  edges: readonly LinkEdge[];
}

/** Alt and a drag over the empty canvas cut the links that the line crosses. */
export function Knife({ tab, graph, nodes, edges }: Props) {
  const [cut, setCut] = useState<Cut | null>(null);

  useEffect(() => {
    const isCut = (event: MouseEvent): boolean =>
      event.altKey && event.button === 0 && (event.target as Element).classList.contains('react-flow__pane');
    // The camera moves with mouse events, and stays where it is while the knife is drawn.
    const holdCamera = (event: MouseEvent): void => {
      if (isCut(event)) event.stopPropagation();
    };
    const down = (event: PointerEvent): void => {
      if (!isCut(event)) return;
      event.stopPropagation();
      const start = { x1: event.clientX, y1: event.clientY };
      const move = (at: PointerEvent): void => setCut({ ...start, x2: at.clientX, y2: at.clientY });
      const up = (at: PointerEvent): void => {
        window.removeEventListener('pointermove', move, true);
        window.removeEventListener('pointerup', up, true);
        setCut(null);
        const ids = crossed({ ...start, x2: at.clientX, y2: at.clientY }, nodes, edges);
        if (ids.length > 0) tab.editor.transact('Cut links', (tx) => removeLinks(tx, graph.id, ids));
      };
      window.addEventListener('pointermove', move, true);
      window.addEventListener('pointerup', up, true);
    };
    window.addEventListener('pointerdown', down, true);
    window.addEventListener('mousedown', holdCamera, true);
    return () => {
      window.removeEventListener('pointerdown', down, true);
      window.removeEventListener('mousedown', holdCamera, true);
    };
  }, [tab, graph, nodes, edges]);

  if (!cut) return null;
  return (
    <svg className="knife" aria-hidden="true">
      <line {...cut} />
    </svg>
  );
}

/** Links that the line crosses, whether they are in the page or not. */
function crossed(cut: Cut, nodes: readonly Node[], edges: readonly LinkEdge[]): string[] {
  const from = exactlyInGraph({ x: cut.x1, y: cut.y1 });
  const to = exactlyInGraph({ x: cut.x2, y: cut.y2 });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return edges.filter((edge) => {
    const line = flattened(pointsOf(edge, byId) ?? []);
    return line.some((point, i) => i > 0 && intersect([from, to], [line[i - 1] as Point, point]));
  }).map(({ id }) => id);
}

type Line = readonly [Point, Point];

function intersect(a: Line, b: Line): boolean {
  // A point on the line counts to one side of it, so that a cut through a sampled point is a cut.
  const left = ([[x1, y1], [x2, y2]]: Line, [x, y]: Point): boolean => (x2 - x1) * (y - y1) > (y2 - y1) * (x - x1);
  return left(a, b[0]) !== left(a, b[1]) && left(b, a[0]) !== left(b, a[1]);
}
