import type { MouseEvent } from 'react';
import { removeLinks, connect } from '../model/commands/links';
import { addReroute } from '../model/commands/reroutes';
import type { GraphId } from '../model/document';
import { useDialogs } from '../state/dialogs';
import { create } from 'zustand';
import type { Tab } from '../state/tabs';
import type { LinkEnd } from './connecting';
import { tell, type InputEnd, type OutputEnd } from './edit';
import { toGraph } from './view';

/** The end that a link was dropped from, for the palette that opens there. */
export const useDroppedLink = create<{ from: LinkEnd | null }>(() => ({ from: null }));

export function openNodePalette(at: { x: number; y: number }): void {
  useDroppedLink.setState({ from: null });
  useDialogs.setState({ palette: { kind: 'nodes', at } });
}

export function dropOnCanvas(from: LinkEnd, at: { x: number; y: number }): void {
  useDroppedLink.setState({ from });
  useDialogs.setState({ palette: { kind: 'link', at } });
}

/** The end of a link was dragged off: to another socket, or into the void. */
export function reconnect(tab: Tab, graph: GraphId, link: string, ends: { from: OutputEnd; to: InputEnd } | null): void {
  tab.editor.transact(ends ? 'Move link' : 'Remove link', (tx) => {
    removeLinks(tx, graph, [link]);
    if (ends) tell(connect(tx, graph, ends.from, ends.to));
  });
}

/** Alt+click puts a reroute where the link was clicked. */
export function clickLink(tab: Tab, graph: GraphId, event: MouseEvent, link: string): void {
  if (!event.altKey) return;
  const at = toGraph({ x: event.clientX, y: event.clientY });
  tab.editor.transact('Add reroute', (tx) => void tell(addReroute(tx, graph, link, at)));
}
