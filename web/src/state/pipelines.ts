import { create } from 'zustand';
import { jobGraph, listJobs } from '../net/jobs';
import { listPipelines, listWorkflows, savePipeline, type PipelineSummary } from '../net/pipelines';
import { parseJson, writeJson, isObject, type Json } from '../model/json';
import { askText } from './dialogs';
import { notify } from './notices';
import { formInputs } from './form';
import { activeTab } from './tabs';
import { useRuns } from './runs';

export const useLibrary = create<{ pipelines: PipelineSummary[]; workflows: string[] }>(() => ({ pipelines: [], workflows: [] }));

export async function loadLibrary(): Promise<void> {
  const [pipelines, workflows] = await Promise.all([listPipelines(), listWorkflows()]);
  useLibrary.setState({ pipelines, workflows });
}

/**
 * Saves the open graph as a pipeline: its form's fields are the inputs. The graph in API format is that of its last
 * run, which the server keeps: the server is the one converter.
 */
export async function savePipelineOf(): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const job = useRuns.getState().shown[tab.id] ?? (await listJobs({ limit: 1 })).jobs[0]?.id;
  const run = job ? useRuns.getState().jobs[job] : undefined;
  if (!job || run?.state !== 'succeeded') return notify('warn', 'Run the graph first: a pipeline is made of a graph that works.');
  const name = await askText('Name of the pipeline', tab.name.replace(/[^\w-]+/g, '_'));
  if (!name) return;
  const graph = parseJson(await jobGraph(job));
  if (!isObject(graph)) return;
  const inputs: Record<string, Json> = {};
  for (const field of formInputs(tab)) {
    let key = field.label.toLowerCase().replace(/[^a-z0-9]+/g, '_') || 'input';
    while (key in inputs) key += '_2';
    inputs[key] = { type: field.type, help: field.title, default: field.value, to: [`${field.node}.${field.input}`] };
  }
  const document: Json = { heddle: 'pipeline/1', title: tab.name, help: '', inputs, outputs: {}, graph };
  await savePipeline(name, writeJson(document, 2));
  await loadLibrary();
  notify('info', `Saved as the pipeline ${name}.`);
}
