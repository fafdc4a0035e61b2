import { create } from 'zustand';
import { newId } from './ids';
import type { Registry } from '../model/definition';
import { EMPTY_REGISTRY } from '../model/definition';
import { graphAtPath, ROOT, type Graph, type GraphId, type NodeId } from '../model/document';
import { Editor } from '../model/editor';
import { forgetTab } from './runs';

export interface Tab {
  id: string;
  name: string;
  editor: Editor;
  /** Nodes whose subgraphs have been entered, one after the other. */
  path: NodeId[];
  /** The editor's state at the last save; another one means there is something to save. */
  saved: number;
  /** The file on the server as this tab last read or wrote it, as a hash: another one there now is another's work. */
  base?: string;
}

interface Tabs {
  tabs: Tab[];
  active: string;
  registry: Registry;
  /** Counts up with every change of the active document. */
  version: number;
}

export const useTabs = create<Tabs>(() => ({ tabs: [], active: '', registry: EMPTY_REGISTRY, version: 0 }));

type MutableDocument = ConstructorParameters<typeof Editor>[0];
type ChangeListener = (tab: Tab) => void;
const listeners = new Set<ChangeListener>();

/** Called after each change of any open document. */
export function onDocumentChange(listener: ChangeListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function openTab(name: string, document: MutableDocument, options: { id?: string; unsaved?: boolean; base?: string } = {}): Tab {
  const editor = new Editor(document, useTabs.getState().registry);
  const tab: Tab = {
    id: options.id ?? newId(),
    name,
    editor,
    path: [],
    saved: options.unsaved ? -1 : editor.state,
    base: options.base,
  };
  editor.subscribe(() => {
    // Undo may have taken away the subgraph that one was in.
    const now = findTab(tab.id);
    if (now && now.path.length > 0 && !graphAtPath(editor.document, now.path)) changeTab(tab.id, { path: [] });
    useTabs.setState(({ version }) => ({ version: version + 1 }));
    for (const listener of listeners) listener(findTab(tab.id) ?? tab);
  });
  useTabs.setState(({ tabs }) => ({ tabs: [...tabs, tab], active: tab.id }));
  for (const listener of listeners) listener(tab);
  return tab;
}

export function closeTab(id: string): void {
  forgetTab(id);
  useTabs.setState(({ tabs, active }) => {
    const at = tabs.findIndex((tab) => tab.id === id);
    const rest = tabs.filter((tab) => tab.id !== id);
    const next = rest[Math.min(at, rest.length - 1)]?.id ?? '';
    return { tabs: rest, active: active === id ? next : active };
  });
}

export function changeTab(id: string, changes: Partial<Pick<Tab, 'name' | 'path' | 'saved' | 'base'>>): void {
  useTabs.setState(({ tabs, version }) => ({
    tabs: tabs.map((tab) => (tab.id === id ? { ...tab, ...changes } : tab)),
    version: version + 1,
  }));
  const tab = findTab(id);
  if (tab) for (const listener of listeners) listener(tab);
}

export function findTab(id: string): Tab | undefined {
  return useTabs.getState().tabs.find((tab) => tab.id === id);
}

let tellDefinitions = (): void => undefined;
/** When the server's declarations have been read for the first time. */
export const definitionsThere = new Promise<void>((resolve) => (tellDefinitions = resolve));

export function setRegistry(registry: Registry): void {
  tellDefinitions();
  useTabs.setState({ registry });
  for (const tab of useTabs.getState().tabs) tab.editor.setRegistry(registry);
}

export function activeTab(): Tab | undefined {
  const { tabs, active } = useTabs.getState();
  return tabs.find((tab) => tab.id === active);
}

export function useActiveTab(): Tab | undefined {
  return useTabs(({ tabs, active }) => tabs.find((tab) => tab.id === active));
}

/** The graph that a tab shows: the root, or the subgraph that was entered. */
export function shownGraph(tab: Tab): Graph {
  return graphAtPath(tab.editor.document, tab.path) ?? tab.editor.document.root;
}

export function shownGraphId(tab: Tab): GraphId {
  return graphAtPath(tab.editor.document, tab.path)?.id ?? ROOT;
}

/** The id that the server gives to the step of a node that is shown. */
export function stepId(tab: Tab, node: NodeId): string {
  return [...tab.path, node].join(':');
}

export const isUnsaved = (tab: Tab): boolean => tab.editor.state !== tab.saved;
