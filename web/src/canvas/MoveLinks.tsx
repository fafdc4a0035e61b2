import { useEffect, useState } from 'react';
import { moveInputLink, moveOutputLinks } from '../model/commands/links';
import { linkInto, linksFrom } from '../model/links';
import type { Graph } from '../model/document';
import type { Tab } from '../state/tabs';
import { useConnecting, type LinkEnd } from './connecting';
import { tell } from './edit';
import { linkEnd } from './linking';

type Line = { x1: number; y1: number; x2: number; y2: number };

/** Ctrl and a drag from a socket take all its links to another socket. */
export function MoveLinks({ tab, graph }: { tab: Tab; graph: Graph }) {
  const [line, setLine] = useState<Line | null>(null);
  useEffect(() => {
    const taken = (event: MouseEvent): LinkEnd | null =>
      event.button === 0 && (event.ctrlKey || event.metaKey) ? socketAt(event.target as Element) : null;
    // Else a new link would be drawn, or a box to select with.
    const hold = (event: MouseEvent): void => {
      if (taken(event)) event.stopPropagation();
    };
    const down = (event: PointerEvent): void => {
      hold(event);
      const from = taken(event);
      const other = from && otherEnd(graph, from);
      if (!from || !other) return;
      useConnecting.setState({ from: other });
      const start = { x1: event.clientX, y1: event.clientY };
      const move = (at: PointerEvent): void => setLine({ ...start, x2: at.clientX, y2: at.clientY });
      const up = (at: PointerEvent): void => {
        window.removeEventListener('pointermove', move, true);
        window.removeEventListener('pointerup', up, true);
        const isCancelled = useConnecting.getState().from === null;
        useConnecting.setState({ from: null });
        setLine(null);
        if (isCancelled) return;
        const to = socketAt(document.elementFromPoint(at.clientX, at.clientY));
        if (to) moveLinks(tab, graph.id, from, to);
      };
      window.addEventListener('pointermove', move, true);
      window.addEventListener('pointerup', up, true);
    };
    window.addEventListener('pointerdown', down, true);
    window.addEventListener('mousedown', hold, true);
    return () => {
      window.removeEventListener('pointerdown', down, true);
      window.removeEventListener('mousedown', hold, true);
    };
  }, [tab, graph]);
  if (!line) return null;
  return (
    <svg className="knife moving-links" aria-hidden="true">
      <line {...line} />
    </svg>
  );
}

function socketAt(element: Element | null): LinkEnd | null {
  const handle = element?.closest('.react-flow__handle');
  const [node, id] = [handle?.getAttribute('data-nodeid'), handle?.getAttribute('data-handleid')];
  return node && id ? linkEnd(node, id) : null;
}

/** The far end of the socket's (first) link: what may take its place lights up. */
function otherEnd(graph: Graph, { side, end }: LinkEnd): LinkEnd | null {
  if (side === 'input') {
    const link = linkInto(graph, end.node, end.input);
    return link ? { side: 'output', end: { node: link.from, slot: link.fromSlot } } : null;
  }
  const link = linksFrom(graph, end.node, end.slot)[0];
  return link ? { side: 'input', end: { node: link.to, input: link.input } } : null;
}

function moveLinks(tab: Tab, graph: string, from: LinkEnd, to: LinkEnd): void {
  tab.editor.transact('Move links', (tx) => {
    if (from.side === 'output' && to.side === 'output') tell(moveOutputLinks(tx, graph, from.end, to.end));
    if (from.side === 'input' && to.side === 'input') tell(moveInputLink(tx, graph, from.end, to.end));
  });
}
