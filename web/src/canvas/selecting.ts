// React Flow's changes of what is selected, as the selection's.

import type { EdgeChange, NodeChange } from '@xyflow/react';
import { select, useSelection } from '../state/selection';

type Kind = 'nodes' | 'groups' | 'reroutes';

/** "group:3" is the group 3; an id without a prefix is a node's. */
function readId(id: string): { kind: Kind; id: string } {
  if (id.startsWith('group:')) return { kind: 'groups', id: id.slice(6) };
  if (id.startsWith('reroute:')) return { kind: 'reroutes', id: id.slice(8) };
  return { kind: 'nodes', id };
}

export function applySelection(changes: readonly NodeChange[]): void {
  const picks = changes.filter((change) => change.type === 'select');
  if (picks.length === 0) return;
  const { nodes, groups, reroutes } = useSelection.getState();
  const sets = { nodes: new Set(nodes), groups: new Set(groups), reroutes: new Set(reroutes) };
  let focus = '';
  for (const pick of picks) {
    const { kind, id } = readId(pick.id);
    if (pick.selected) sets[kind].add(id);
    else sets[kind].delete(id);
    if (pick.selected && kind === 'nodes') focus = id;
  }
  const list = [...sets.nodes];
  useSelection.setState({ nodes: list, groups: [...sets.groups], reroutes: [...sets.reroutes], focus: focus || (list.at(-1) ?? '') });
}

export function applyLinkSelection(changes: readonly EdgeChange[]): void {
  const links = new Set(useSelection.getState().links);
  for (const change of changes) {
    if (change.type !== 'select') continue;
    if (change.selected) links.add(change.id);
    else links.delete(change.id);
  }
  useSelection.setState({ links: [...links] });
}

export function selectShown(ids: readonly string[]): void {
  const read = ids.map(readId);
  const of = (kind: Kind): string[] => read.filter((one) => one.kind === kind).map(({ id }) => id);
  select({ nodes: of('nodes'), groups: of('groups'), reroutes: of('reroutes') });
}
