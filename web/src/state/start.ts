// What happens when the page opens: declarations, documents of before, the connection.

import { parseJson } from '../model/json';
import { readObjectInfo } from '../model/object_info';
import { readDocument } from '../io/editor_format';
import { isObject } from '../model/json';
import { objectInfo } from '../net/files';
import { loadModels } from './models';
import { newDocument } from './files';
import { currentWindow, removeEntry, restoreEntries, writeEntries, type Entry } from './journal';
import { attempt, notify } from './notices';
import { planSoon } from './plan';
import { loadLibrary } from './pipelines';
import { documentText, pickUp, startListening } from './running';
import { useRuns } from './runs';
import { isUnsaved, onDocumentChange, openTab, setRegistry, useTabs } from './tabs';
import { useConnection } from './connection';
import { openShared } from './sharing';

export async function loadDefinitions(): Promise<void> {
  const text = await objectInfo();
  setRegistry(readObjectInfo(parseJson(text)));
  await Promise.all([loadModels(), loadLibrary()]);
  planSoon();
}

export async function start(): Promise<void> {
  await restore();
  if (useTabs.getState().tabs.length === 0) newDocument();
  onDocumentChange(() => {
    saveSoon();
    planSoon();
  });
  useTabs.subscribe((now, before) => {
    if (now.active !== before.active || now.tabs !== before.tabs) saveSoon();
    if (now.active !== before.active) planSoon(0);
  });
  useRuns.subscribe((now, before) => now.shown !== before.shown && saveSoon());
  startListening();
  await whenConnected(loadDefinitions);
  attempt(openShared);
}

/** Tries again until the server answers. */
async function whenConnected(action: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (useConnection.getState().connected === true) notify('error', error instanceof Error ? error.message : String(error));
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }
}

async function restore(): Promise<void> {
  let entries: Entry[] = [];
  try {
    entries = await restoreEntries();
  } catch {
    notify('warn', 'This browser keeps nothing here: save your work before you close the page.');
  }
  for (const entry of entries) {
    try {
      const json = parseJson(entry.text);
      if (!isObject(json)) continue;
      const document = readDocument(json);
      // Another window's graph that nothing was done in is not worth a tab.
      if (entry.window !== currentWindow() && document.root.nodes.size === 0 && document.definitions.size === 0) {
        void removeEntry(entry.id);
        continue;
      }
      openTab(entry.name, document, { id: entry.id, unsaved: entry.unsaved, base: entry.base });
      if (entry.job) void pickUp(entry.id, entry.job);
    } catch (error) {
      notify('error', `${entry.name} could not be restored: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const isOpen = ({ id }: Entry): boolean => useTabs.getState().tabs.some((tab) => tab.id === id);
  const shown = entries.filter((entry) => entry.active && isOpen(entry)).sort((a, b) => b.time - a.time);
  const active = shown.find(({ window }) => window === currentWindow()) ?? shown[0];
  if (active) useTabs.setState({ active: active.id });
  if (entries.some((entry) => entry.window !== currentWindow() && entry.unsaved)) notify('info', 'Graphs of a window that was closed are open again.');
}

let timer: ReturnType<typeof setTimeout> | undefined;
let known = new Set<string>();

function saveSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void saveAll(), 80);
}

async function saveAll(): Promise<void> {
  const { tabs, active } = useTabs.getState();
  const { shown } = useRuns.getState();
  const entries = tabs.map((tab, order): Entry => ({
    id: tab.id, window: currentWindow(), name: tab.name, text: documentText(tab), unsaved: isUnsaved(tab),
    active: tab.id === active, order, job: shown[tab.id], base: tab.base, time: Date.now(),
  }));
  const ids = new Set(entries.map(({ id }) => id));
  const gone = [...known].filter((id) => !ids.has(id));
  known = ids;
  try {
    await writeEntries(entries);
    for (const id of gone) await removeEntry(id);
  } catch {
    notify('warn', 'The browser could not keep the last change: save your work.');
  }
}
