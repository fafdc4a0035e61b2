import { useEffect, useState } from 'react';
import { removeLinks } from '../model/commands/links';
import type { Graph } from '../model/document';
import type { LiveLink } from '../model/links';
import type { Tab } from '../state/tabs';

type Cut = { x1: number; y1: number; x2: number; y2: number };

/** Alt and a drag over the empty canvas cut the links that the line crosses. */
export function Knife({ tab, graph, links }: { tab: Tab; graph: Graph; links: readonly LiveLink[] }) {
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
        const ids = crossed({ ...start, x2: at.clientX, y2: at.clientY }, links);
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
  }, [tab, graph, links]);

  if (!cut) return null;
  return (
    <svg className="knife" aria-hidden="true">
      <line {...cut} />
    </svg>
  );
}

/** Links whose drawn path the line crosses. */
function crossed(cut: Cut, links: readonly LiveLink[]): string[] {
  const known = new Set(links.map(({ key }) => key));
  const found: string[] = [];
  for (const edge of document.querySelectorAll<SVGGElement>('.react-flow__edge')) {
    const id = edge.getAttribute('data-id');
    const path = edge.querySelector<SVGPathElement>('.react-flow__edge-path');
    const matrix = path?.getScreenCTM();
    if (!id || !known.has(id) || !path || !matrix) continue;
    const length = path.getTotalLength();
    const pieces = Math.max(8, Math.ceil(length / 12));
    let before = path.getPointAtLength(0).matrixTransform(matrix);
    for (let i = 1; i <= pieces; i++) {
      const point = path.getPointAtLength((length * i) / pieces).matrixTransform(matrix);
      if (intersect(cut, { x1: before.x, y1: before.y, x2: point.x, y2: point.y })) {
        found.push(id);
        break;
      }
      before = point;
    }
  }
  return found;
}

function intersect(a: Cut, b: Cut): boolean {
  // A point on the line counts to one side of it, so that a cut through a sampled point is a cut.
  const left = (line: Cut, x: number, y: number): boolean => (line.x2 - line.x1) * (y - line.y1) > (line.y2 - line.y1) * (x - line.x1);
  return left(a, b.x1, b.y1) !== left(a, b.x2, b.y2) && left(b, a.x1, a.y1) !== left(b, a.x2, a.y2);
}
