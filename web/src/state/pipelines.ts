import { create } from 'zustand';
import { definitionOf } from '../model/definition_of';
import { difference, type Difference } from '../model/diff';
import { ROOT } from '../model/document';
import { jobGraph } from '../net/jobs';
import { listPipelines, listWorkflows, savePipeline, type PipelineSummary } from '../net/pipelines';
import { parseJson, writeJson, isArray, isObject, type Json, type JsonObject } from '../model/json';
import { askText } from './dialogs';
import { notify } from './notices';
import { formInputs } from './form';
import { lastRun } from './last_runs';
import { activeTab, type Tab } from './tabs';
import { useRuns } from './runs';

export const useLibrary = create<{ pipelines: PipelineSummary[]; workflows: string[] }>(() => ({ pipelines: [], workflows: [] }));

export async function loadLibrary(): Promise<void> {
  const [pipelines, workflows] = await Promise.all([listPipelines(), listWorkflows()]);
  useLibrary.setState({ pipelines, workflows });
}

/**
 * Saves the open graph as a pipeline: its form's fields are the inputs. The graph in API format is that of its last
 * run, which the server keeps (the server is the one converter); values that were changed since are put into it.
 */
export async function savePipelineOf(): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const job = useRuns.getState().shown[tab.id];
  const ran = lastRun(tab.id);
  if (!job || !ran || useRuns.getState().jobs[job]?.state !== 'succeeded') return notify('warn', 'Run the graph first: a pipeline is made of a graph that works.');
  const changes = difference(ran, tab.editor.document, tab.editor.registry);
  if (!changes.every(isPlainValue)) return notify('warn', 'The graph has changed since its last run: run it again first. A pipeline is made of a graph that works.');
  const name = await askText('Name of the pipeline', tab.name.replace(/[^\w-]+/g, '_'));
  if (!name) return;
  const steps = parseJson(await jobGraph(job));
  if (!isObject(steps)) return;
  const document: Json = { heddle: 'pipeline/1', title: tab.name, help: '', inputs: inputsOf(tab), outputs: outputsOf(tab, steps), graph: withValues(steps, changes) };
  await savePipeline(name, writeJson(document, 2));
  await loadLibrary();
  notify('info', `Saved as the pipeline ${name}.`);
}

type ValueChange = Extract<Difference, { kind: 'value' }>;

/** A value of a node that is itself a step: those inside of subgraphs stand at steps of other names. */
const isPlainValue = (change: Difference): change is ValueChange => change.kind === 'value' && change.graph === ROOT && change.after !== undefined;

function withValues(steps: JsonObject, changes: ValueChange[]): JsonObject {
  const next: Record<string, Json> = { ...steps };
  for (const { node, name, after } of changes) {
    const step = next[node];
    if (isObject(step) && isObject(step.inputs) && name in step.inputs && after !== undefined) next[node] = { ...step, inputs: { ...step.inputs, [name]: after } };
  }
  return next;
}

function inputsOf(tab: Tab): JsonObject {
  const inputs: Record<string, Json> = {};
  for (const { node, input, label, title, type, value, definition } of formInputs(tab)) {
    const base = label.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_|_$/g, '') || 'input';
    let key = base;
    for (let n = 2; key in inputs; n++) key = `${base}_${n}`;
    const { widget } = definition;
    const range = widget?.kind === 'int' || widget?.kind === 'float' ? { ...(widget.min === null ? {} : { min: widget.min }), ...(widget.max === null ? {} : { max: widget.max }) } : {};
    const isPicture = widget?.kind === 'choice' && widget.upload === 'image';
    inputs[key] = { type: isPicture ? 'IMAGE' : type, help: title, default: value, ...range, to: [`${node}.${input}`] };
  }
  return inputs;
}

/** What the nodes that save or show something are given, named by their inputs. */
function outputsOf(tab: Tab, steps: JsonObject): JsonObject {
  const { root } = tab.editor.document;
  const outputs: Record<string, Json> = {};
  for (const node of root.nodes.rows()) {
    const definition = definitionOf(tab.editor.document, root, node, tab.editor.registry);
    const step = steps[node.id];
    if (!definition?.isOutput || !isObject(step) || !isObject(step.inputs)) continue;
    for (const [name, source] of Object.entries(step.inputs)) {
      if (!isArray(source)) continue;
      outputs[name in outputs ? `${name}_${node.id}` : name] = source;
    }
  }
  return outputs;
}
