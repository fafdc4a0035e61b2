// What commands do with the selection. Every function is one step of undo.

import { clipboardJson, copyText, type Selection as Piece } from '../model/clipboard';
import { expandSubgraph } from '../model/commands/expand';
import { groupNodes, removeGroups, setGroupCollapsed } from '../model/commands/groups';
import { removeLinks } from '../model/commands/links';
import { align, distribute, hasFlag, moveNodes, setTitle, toggleFlag, type Edge, type Flag } from '../model/commands/look';
import { removeAndReconnect, removeNodes, replaceNode } from '../model/commands/nodes';
import { duplicate, paste } from '../model/commands/paste';
import { removeReroutes } from '../model/commands/reroutes';
import { collapseToSubgraph } from '../model/commands/subgraphs';
import { toggleMode } from '../model/commands/values';
import type { NodeDefinition } from '../model/definition';
import { definitionOf, titleOf } from '../model/definition_of';
import { downstream, upstream } from '../model/links';
import { askText } from '../state/dialogs';
import { notify, say } from '../state/notices';
import { clearSelection, select, selectedNodes, useSelection } from '../state/selection';
import { activeTab, changeTab, shownGraph, shownGraphId, type Tab } from '../state/tabs';
import { tell } from './edit';
import { fitAll, placeForNew, toGraph } from './view';

/** The tab and its graph, where there is one. */
export function here(): { tab: Tab; graph: string } | null {
  const tab = activeTab();
  return tab ? { tab, graph: shownGraphId(tab) } : null;
}

/** Runs an action on what is open. */
function within<T>(action: (tab: Tab, graph: string) => T): T | undefined {
  const place = here();
  return place ? action(place.tab, place.graph) : undefined;
}

/** Only what still exists: undo may have taken something away. */
export function selection(): Piece & { links: readonly string[] } {
  const tab = activeTab();
  const { nodes, groups, reroutes, links } = useSelection.getState();
  if (!tab) return { nodes: [], groups: [], reroutes: [], links: [] };
  const graph = shownGraph(tab);
  return {
    nodes: nodes.filter((id) => graph.nodes.has(id)),
    groups: groups.filter((id) => graph.groups.has(id)),
    reroutes: reroutes.filter((id) => graph.reroutes.has(id)),
    links,
  };
}

export const hasSelection = (): boolean => {
  const { nodes, groups, reroutes, links } = selection();
  return nodes.length + (groups?.length ?? 0) + (reroutes?.length ?? 0) + links.length > 0;
};

export function deleteSelection(reconnect: boolean): void {
  within((tab, graph) => {
    const { nodes, groups = [], reroutes = [], links } = selection();
    tab.editor.transact(reconnect ? 'Delete and reconnect' : 'Delete', (tx) => {
      removeLinks(tx, graph, links);
      removeReroutes(tx, graph, reroutes);
      if (reconnect) removeAndReconnect(tx, graph, nodes);
      else removeNodes(tx, graph, nodes);
      removeGroups(tx, graph, groups);
    });
    say(`${nodes.length} nodes deleted`);
    clearSelection();
  });
}

/** What was copied last, where the browser does not let the clipboard be read. */
let copied = '';

export async function copySelection(): Promise<void> {
  const place = here();
  if (!place || !hasSelection()) return;
  copied = copyText(place.tab.editor.document, place.graph, selection());
  await navigator.clipboard?.writeText(copied).catch(() => notify('info', 'Copied for this window only: the browser refuses the clipboard.'));
  say('Copied');
}

export async function cutSelection(): Promise<void> {
  await copySelection();
  deleteSelection(false);
}

export function pasteText(text: string, incoming: boolean): boolean {
  const piece = clipboardJson(text);
  const place = here();
  if (!piece || !place) return false;
  const at = toGraph(placeForNew());
  const pasted = tell(place.tab.editor.transact('Paste', (tx) => paste(tx, place.graph, piece, { at, incoming })));
  if (pasted) select({ nodes: pasted.nodes, groups: pasted.groups });
  return pasted !== undefined;
}

export async function pasteClipboard(incoming: boolean): Promise<void> {
  const text = (await navigator.clipboard?.readText?.().catch(() => '')) || copied;
  if (!pasteText(text, incoming)) notify('warn', 'There are no nodes on the clipboard.');
}

export function duplicateSelection(): void {
  within((tab, graph) => {
    const pasted = tell(tab.editor.transact('Duplicate', (tx) => duplicate(tx, graph, selection())));
    if (pasted) select({ nodes: pasted.nodes, groups: pasted.groups });
  });
}

export function selectAll(): void {
  within((tab) => {
    const graph = shownGraph(tab);
    select({ nodes: [...graph.nodes.ids()], groups: [...graph.groups.ids()], reroutes: [...graph.reroutes.ids()] });
  });
}

export function extendSelection(direction: 'up' | 'down'): void {
  within((tab) => {
    const nodes = selectedNodes();
    const more = direction === 'up' ? upstream(shownGraph(tab), nodes) : downstream(shownGraph(tab), nodes);
    select({ nodes: [...nodes, ...more] });
  });
}

export function toggleSelectedMode(mode: number, label: string): void {
  within((tab, graph) => tab.editor.transact(label, (tx) => toggleMode(tx, graph, selection().nodes, mode)));
}

export function toggleSelectedFlag(flag: Flag, label: string): void {
  within((tab, graph) => tab.editor.transact(label, (tx) => toggleFlag(tx, graph, selection().nodes, flag)));
}

/** Nodes become their titles, groups too. */
export function toggleCollapsed(): void {
  within((tab, graph) => {
    const { nodes, groups = [] } = selection();
    const isCollapsed = (id: string): boolean => shownGraph(tab).groups.get(id)?.flags.collapsed === true;
    tab.editor.transact('Collapse', (tx) => {
      toggleFlag(tx, graph, nodes, 'collapsed');
      setGroupCollapsed(tx, graph, groups, !groups.every(isCollapsed));
    });
  });
}

export const isFlagged = (flag: Flag): boolean =>
  within((tab) => selection().nodes.some((id) => hasFlag(shownGraph(tab).nodes.get(id)!, flag))) ?? false;

export async function renameFocus(): Promise<void> {
  const place = here();
  if (!place) return;
  const { nodes, groups = [] } = selection();
  const graph = shownGraph(place.tab);
  const node = graph.nodes.get(nodes.at(-1) ?? '');
  if (node) {
    const title = await askText('Title of the node', titleOf(node, definitionOf(place.tab.editor.document, graph, node, place.tab.editor.registry)));
    if (title !== null) place.tab.editor.transact('Rename', (tx) => setTitle(tx, place.graph, node.id, title));
    return;
  }
  const group = graph.groups.get(groups.at(-1) ?? '');
  const title = group && (await askText('Title of the group', group.title));
  if (group && title) place.tab.editor.transact('Rename group', (tx) => tx.update(place.graph, 'groups', group.id, { title }));
}

export function groupSelection(): void {
  within((tab, graph) => {
    const group = tab.editor.transact('Group', (tx) => groupNodes(tx, graph, selection().nodes));
    select({ groups: [group], nodes: [] });
  });
}

export function ungroup(): void {
  within((tab, graph) => {
    tab.editor.transact('Ungroup', (tx) => removeGroups(tx, graph, selection().groups ?? []));
    clearSelection();
  });
}

export function nudge(x: number, y: number): void {
  within((tab, graph) => tab.editor.transact('Move', (tx) => moveNodes(tx, graph, selection().nodes, [x, y]), { merge: 'nudge' }));
}

export function alignSelection(edge: Edge): void {
  within((tab, graph) => tab.editor.transact(`Align ${edge}`, (tx) => align(tx, graph, selection().nodes, edge)));
}

export function distributeSelection(axis: 'x' | 'y'): void {
  within((tab, graph) => tab.editor.transact('Distribute', (tx) => distribute(tx, graph, selection().nodes, axis)));
}

export function replaceSelected(definition: NodeDefinition): void {
  within((tab, graph) => {
    const id = selection().nodes.at(-1);
    if (id) tell(tab.editor.transact(`Replace by ${definition.displayName}`, (tx) => replaceNode(tx, graph, id, definition)));
  });
}

// --- subgraphs

export async function makeSubgraph(): Promise<void> {
  const place = here();
  const name = place && (await askText('Name of the subgraph', 'Subgraph'));
  if (!place || !name) return;
  const { nodes, groups } = selection();
  const id = tell(place.tab.editor.transact('Make a subgraph', (tx) => collapseToSubgraph(tx, place.graph, nodes, name, groups)));
  if (id !== undefined) select({ nodes: [id] });
}

export function focusedSubgraph(): string | undefined {
  return within((tab) => {
    const id = selection().nodes.at(-1);
    const node = id === undefined ? undefined : shownGraph(tab).nodes.get(id);
    return node && tab.editor.document.definitions.has(node.type) ? node.id : undefined;
  });
}

export function enterSubgraph(id = focusedSubgraph()): void {
  within((tab) => {
    if (id === undefined) return;
    clearSelection();
    changeTab(tab.id, { path: [...tab.path, id] });
    setTimeout(fitAll, 50);
  });
}

/** Leaves subgraphs until `depth` of them are left. */
export function leaveSubgraph(depth?: number): void {
  within((tab) => {
    clearSelection();
    changeTab(tab.id, { path: tab.path.slice(0, depth ?? tab.path.length - 1) });
    setTimeout(fitAll, 50);
  });
}

export function expandFocused(): void {
  within((tab, graph) => {
    const id = focusedSubgraph();
    if (id === undefined) return;
    const nodes = tell(tab.editor.transact('Expand the subgraph', (tx) => expandSubgraph(tx, graph, id)));
    if (nodes) select({ nodes });
  });
}
