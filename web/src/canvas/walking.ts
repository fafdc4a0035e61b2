// Keys on the canvas: from node to node along links, into fields and back.

import { definitionOf, titleOf } from '../model/definition_of';
import type { Graph } from '../model/document';
import { indexOf } from '../model/links';
import { say } from '../state/notices';
import { select, useSelection } from '../state/selection';
import { activeTab, shownGraph, type Tab } from '../state/tabs';
import { showNode, showNodeSoftly } from './view';

type Direction = 'left' | 'right' | 'up' | 'down';

/** Left and right follow links, up and down go to the nearest node there; Shift keeps what is selected. */
export function walk(direction: Direction, extend: boolean): void {
  const tab = activeTab();
  if (!tab) return;
  const graph = shownGraph(tab);
  const { focus, nodes } = useSelection.getState();
  const next = graph.nodes.has(focus) ? step(graph, focus, direction) : graph.nodes.ids()[0];
  if (next === undefined) return;
  select({ nodes: extend ? [...new Set([...nodes, next])] : [next], focus: next });
  showNodeSoftly(next);
  say(describe(tab, graph, next));
}

function step(graph: Graph, id: string, direction: Direction): string | undefined {
  const { from, to } = indexOf(graph);
  if (direction === 'left') return (to.get(id) ?? []).map((link) => link.from).find((other) => graph.nodes.has(other)) ?? nearest(graph, id, direction);
  if (direction === 'right') return (from.get(id) ?? []).map((link) => link.to).find((other) => graph.nodes.has(other)) ?? nearest(graph, id, direction);
  return nearest(graph, id, direction);
}

function nearest(graph: Graph, id: string, direction: Direction): string | undefined {
  const own = graph.nodes.get(id);
  if (!own) return undefined;
  const axis: 0 | 1 = direction === 'left' || direction === 'right' ? 0 : 1;
  const other = axis === 0 ? 1 : 0;
  const sign = direction === 'left' || direction === 'up' ? -1 : 1;
  let best: string | undefined;
  let least = Infinity;
  for (const node of graph.nodes) {
    const ahead = ((node.pos[axis] ?? 0) - (own.pos[axis] ?? 0)) * sign;
    if (node.id === id || ahead <= 0) continue;
    const distance = ahead + 2 * Math.abs(node.pos[other] - own.pos[other]);
    if (distance < least) [best, least] = [node.id, distance];
  }
  return best;
}

/** "KSampler, 3 of 7, model from Load Checkpoint": what a screen reader says of a node. */
export function describe(tab: Tab, graph: Graph, id: string): string {
  const { document, registry } = tab.editor;
  const name = (other: string): string => {
    const node = graph.nodes.get(other);
    return node ? titleOf(node, definitionOf(document, graph, node, registry)) : 'the subgraph';
  };
  const links = (indexOf(graph).to.get(id) ?? []).map((link) => `${link.input} from ${name(link.from)}`);
  return [name(id), `${graph.nodes.ids().indexOf(id) + 1} of ${graph.nodes.size}`, ...links].join(', ');
}

/** Enter: into the first field of the node. */
export function enterFields(): void {
  const { focus } = useSelection.getState();
  const node = document.querySelector(`.node[data-id="${CSS.escape(focus)}"]`);
  const field = node?.querySelector<HTMLElement>('.node-body input, .node-body textarea, .node-body button, .note-text');
  // From afar a node has no fields: first it comes near.
  if (field) field.focus();
  else if (focus) showNode(focus);
}

export function focusCanvas(): void {
  document.querySelector<HTMLElement>('.canvas')?.focus();
}

/** F6: from region to region. */
export function nextRegion(backwards: boolean): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')];
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(at + (backwards ? -1 : 1) + regions.length) % regions.length];
  if (!next) return;
  const first = next.matches('[tabindex]') ? next : next.querySelector<HTMLElement>('button, input, [tabindex="0"]');
  first?.focus();
}
