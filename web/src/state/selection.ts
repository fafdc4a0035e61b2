import { create } from 'zustand';

/** What is selected in the graph that is shown. Not part of the history. */
export interface Selection {
  nodes: readonly string[];
  links: readonly string[];
  groups: readonly string[];
  reroutes: readonly string[];
  /** The node that keys act on. */
  focus: string;
}

const none: Selection = { nodes: [], links: [], groups: [], reroutes: [], focus: '' };

export const useSelection = create<Selection>(() => none);

export function select(changes: Partial<Selection>): void {
  const nodes = changes.nodes ?? [];
  useSelection.setState({ ...none, focus: nodes.at(-1) ?? '', ...changes });
}

export function clearSelection(): void {
  useSelection.setState(none);
}

export const selectedNodes = (): readonly string[] => useSelection.getState().nodes;
