// Opening and saving documents.

import { arrange } from '../canvas/layout';
import { emptyDocument } from '../io/editor_format';
import { foreignText } from '../io/foreign_settings';
import { pictureKind, readPictureTexts } from '../io/picture_texts';
import { openFile as readFile, openText as readText, type Opened } from '../io/open_file';
import { setValue } from '../model/commands/values';
import { definitionOf } from '../model/definition_of';
import type { Registry } from '../model/definition';
import { ROOT, type Document } from '../model/document';
import { isArray, isObject, parseJson, writeJson, type JsonObject } from '../model/json';
import { fetchBytes } from '../net/files';
import { jobGraph, type Job } from '../net/jobs';
import { readPipeline, readWorkflow } from '../net/pipelines';
import { picturesOf } from './gallery';
import { notify } from './notices';
import { useDialogs } from './dialogs';
import { hashOf } from './saving';
import { documentText } from './running';
import { activeTab, changeTab, closeTab, definitionsThere, openTab, useTabs, type Tab } from './tabs';

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

/** Steps with values by name become nodes only by the declarations; the editor's own format needs none. */
async function whole(read: (registry: Registry) => Opened | Promise<Opened>): Promise<Opened> {
  const opened = await read(useTabs.getState().registry);
  if (opened.format === 'editor' || useTabs.getState().registry.all().length > 0) return opened;
  notify('info', 'It opens as soon as the server has told which nodes there are.');
  await definitionsThere;
  return read(useTabs.getState().registry);
}

/** A document from JSON text, in whatever format: the editor's, the API's, a pipeline's. */
export async function openText(text: string, name: string, options: { unsaved?: boolean } = {}): Promise<Tab> {
  return show(await whole((registry) => readText(text, registry)), name, options.unsaved ?? false);
}

export async function openFile(file: File): Promise<void> {
  const name = file.name.replace(/\.(json|png|webp|jpe?g|svg)$/i, '');
  const data = new Uint8Array(await file.arrayBuffer());
  const settings = pictureKind(data) === null ? undefined : foreignText(await readPictureTexts(data));
  if (settings !== undefined) return useDialogs.setState({ foreign: { file, text: settings } });
  await show(await whole((registry) => readFile(data, registry)), name, true);
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

/**
 * The graph that a job ran: as it was drawn, where a picture of the job has it in it; else the steps that the server
 * keeps, arranged anew.
 */
export async function openJob(job: Job): Promise<void> {
  const name = `Job ${job.id.slice(0, 8)}`;
  const drawn = await drawnGraph(job);
  if (drawn) await show(drawn, name, true);
  else await openText(await jobGraph(job.id), name, { unsaved: true });
}

export async function documentOfJob(job: Job, registry: Registry): Promise<Document> {
  return ((await drawnGraph(job)) ?? readText(await jobGraph(job.id), registry)).document;
}

async function drawnGraph(job: Job): Promise<Opened | undefined> {
  const picture = picturesOf(job)[0];
  if (!picture) return undefined;
  try {
    const data = new Uint8Array(await (await fetchBytes(picture.url)).arrayBuffer());
    const opened = await readFile(data, useTabs.getState().registry);
    return opened.format === 'editor' ? opened : undefined;
  } catch {
    return undefined; // the file is gone, or holds no graph
  }
}

export async function openPipeline(name: string, title: string): Promise<void> {
  const json = parseJson(await readPipeline(name));
  const document = isObject(json) && isObject(json.document) ? json.document : json;
  await openText(writeJson(document), title, { unsaved: true });
}

export async function openWorkflow(name: string): Promise<void> {
  const open = useTabs.getState().tabs.find((tab) => tab.name === name.replace(/\.json$/, ''));
  if (open) return useTabs.setState({ active: open.id });
  const text = await readWorkflow(name);
  changeTab((await openText(text, name.replace(/\.json$/, ''))).id, { base: hashOf(text) });
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
