// Opening and saving documents.

import { arrange } from '../canvas/layout';
import { emptyDocument } from '../io/editor_format';
import { openFile as readFile, openText as readText, type Opened } from '../io/open_file';
import { setValue } from '../model/commands/values';
import { definitionOf } from '../model/definition_of';
import { ROOT } from '../model/document';
import { isArray, isObject, parseJson, writeJson, type JsonObject } from '../model/json';
import { jobGraph } from '../net/jobs';
import { readPipeline, readWorkflow, saveWorkflow } from '../net/pipelines';
import { askText } from './dialogs';
import { notify } from './notices';
import { documentText } from './running';
import { activeTab, changeTab, closeTab, openTab, useTabs, type Tab } from './tabs';

export function newDocument(name = 'Untitled'): Tab {
  return openTab(name, emptyDocument());
}

/** Opens what was read in a tab of its own, arranged where the file says no places. */
async function show(opened: Opened, name: string, unsaved: boolean): Promise<Tab> {
  for (const warning of opened.warnings) notify('warn', `${name}: ${warning}`);
  closeIfUntouched();
  const tab = openTab(name, opened.document, { unsaved });
  if (opened.pipeline) applyDefaults(tab, opened.pipeline);
  if (opened.format !== 'editor') await arrange(tab, []);
  return tab;
}

/** A pipeline's defaults stand at its inputs; in the open graph they stand where they lead. */
function applyDefaults(tab: Tab, pipeline: JsonObject): void {
  const inputs = isObject(pipeline.inputs) ? Object.values(pipeline.inputs) : [];
  tab.editor.transact('Defaults of the pipeline', (tx) => {
    for (const input of inputs) {
      if (!isObject(input) || input.default === undefined || !isArray(input.to)) continue;
      for (const target of input.to) {
        const [node, name] = String(target).split('.');
        const row = tx.graph(ROOT).nodes.get(node ?? '');
        const definition = row && definitionOf(tx.document, tx.graph(ROOT), row, tx.registry);
        if (name && definition?.inputs.some((one) => one.name === name)) setValue(tx, ROOT, node ?? '', name, input.default);
      }
    }
  });
}

/** The empty graph that the page began with gives way. */
function closeIfUntouched(): void {
  const tab = activeTab();
  if (tab && tab.name === 'Untitled' && tab.editor.document.root.nodes.size === 0 && !tab.editor.redoLabel) closeTab(tab.id);
}

/** A document from JSON text, in whatever format: the editor's, the API's, a pipeline's. */
export async function openText(text: string, name: string, options: { unsaved?: boolean } = {}): Promise<Tab> {
  return show(readText(text, useTabs.getState().registry), name, options.unsaved ?? false);
}

export async function openFile(file: File): Promise<void> {
  const name = file.name.replace(/\.(json|png|webp|jpe?g|svg)$/i, '');
  const data = new Uint8Array(await file.arrayBuffer());
  await show(await readFile(data, useTabs.getState().registry), name, true);
}

export function chooseFiles(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.json,.png,.webp,.jpg,.jpeg,.svg';
  input.multiple = true;
  input.onchange = () => {
    for (const file of input.files ?? []) openFile(file).catch((error: unknown) => notify('error', String(error instanceof Error ? error.message : error)));
  };
  input.click();
}

export async function openJob(id: string): Promise<void> {
  await openText(await jobGraph(id), `Job ${id.slice(0, 8)}`, { unsaved: true });
}

export async function openPipeline(name: string, title: string): Promise<void> {
  const json = parseJson(await readPipeline(name));
  const document = isObject(json) && isObject(json.document) ? json.document : json;
  await openText(writeJson(document), title, { unsaved: true });
}

export async function openWorkflow(name: string): Promise<void> {
  const open = useTabs.getState().tabs.find((tab) => tab.name === name.replace(/\.json$/, ''));
  if (open) return useTabs.setState({ active: open.id });
  await openText(await readWorkflow(name), name.replace(/\.json$/, ''));
}

/** Keeps the document on the server under its name; the first time the name is asked for. */
export async function save(as = false): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const isNew = as || tab.name === 'Untitled' || tab.saved === -1;
  const name = isNew ? await askText('Name of the workflow', tab.name) : tab.name;
  if (!name) return;
  const state = tab.editor.state;
  await saveWorkflow(`${name}.json`, writeJson(parseJson(documentText(tab)), 2), true);
  changeTab(tab.id, { name, saved: state });
  notify('info', `Saved as ${name}.`);
}

export const downloadText = (text: string, name: string): void => downloadBlob(new Blob([text], { type: 'application/json' }), name);

export function downloadBlob(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function exportDocument(): void {
  const tab = activeTab();
  if (tab) downloadText(writeJson(parseJson(documentText(tab)), 2), `${tab.name}.json`);
}
