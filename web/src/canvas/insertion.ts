// A node that is dragged over a link it fits into is put there when it is dropped; Alt suspends that.

import { create } from 'zustand';
import { whereInserted } from '../model/commands/links';
import type { Graph } from '../model/document';
import { indexOf } from '../model/links';
import type { Tab } from '../state/tabs';

export const useInsertion = create<{ target: { node: string; link: string } | null }>(() => ({ target: null }));

export function insertPreview(tab: Tab, graph: Graph, node: string, event: MouseEvent | TouchEvent | React.MouseEvent): void {
  const link = 'altKey' in event && event.altKey ? null : linkUnder(tab, graph, node, event);
  const target = link ? { node, link } : null;
  const before = useInsertion.getState().target;
  if (before?.link !== target?.link || before?.node !== target?.node) useInsertion.setState({ target });
}

function linkUnder(tab: Tab, graph: Graph, node: string, event: MouseEvent | TouchEvent | React.MouseEvent): string | null {
  const at = 'clientX' in event ? event : event.touches[0];
  if (!at) return null;
  const { from, to } = indexOf(graph);
  // Only a node without links is inserted: others are just moved about.
  if (from.has(node) || to.has(node)) return null;
  const edge = document.elementsFromPoint(at.clientX, at.clientY).find((element) => element.closest('.react-flow__edge'));
  const id = edge?.closest('.react-flow__edge')?.getAttribute('data-id');
  const link = id ? indexOf(graph).links.find(({ key }) => key === id) : undefined;
  if (!link) return null;
  const { document: doc, registry } = tab.editor;
  return whereInserted({ document: doc, registry, graph: () => graph }, graph.id, node, link.type) ? link.key : null;
}
