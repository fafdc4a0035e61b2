import { query, readJson, readText, send } from './http';

/** One input of a pipeline, as JSON Schema says it. */
export interface InputSchema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
  anyOf?: unknown[];
}

export interface PipelineSummary {
  name: string;
  revision: number;
  sha256: string;
  saved: string;
  title: string;
  help: string;
  read_only: boolean;
  inputs: { properties?: Record<string, InputSchema>; required?: string[] };
}

export interface Revision {
  revision: number;
  sha256: string;
  saved: string;
}

const place = (name: string): string => `v1/pipelines/${encodeURIComponent(name)}`;

export const listPipelines = async (): Promise<PipelineSummary[]> =>
  (await readJson<{ pipelines: PipelineSummary[] }>('v1/pipelines')).pipelines;

/** The document as text; NAME@REVISION for one of its past. */
export const readPipeline = (name: string): Promise<string> => readText(place(name));

export async function savePipeline(name: string, document: string): Promise<void> {
  await send(place(name), { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: document });
}

export async function removePipeline(name: string): Promise<void> {
  await send(place(name), { method: 'DELETE' });
}

export const pipelineRevisions = async (name: string): Promise<Revision[]> =>
  (await readJson<{ revisions: Revision[] }>(`${place(name)}/revisions`)).revisions;

// --- workflows: documents in the editor's format, kept by the server as they are

interface StoredFile {
  path: string;
  type: string;
}

export async function listWorkflows(): Promise<string[]> {
  const files = await readJson<StoredFile[]>(`v2/userdata${query({ path: 'workflows' })}`);
  return files.filter(({ type, path }) => type === 'file' && path.endsWith('.json')).map(({ path }) => path.replace(/^workflows\//, ''));
}

const workflowPath = (name: string): string => `userdata/${encodeURIComponent(`workflows/${name}`)}`;

export const readWorkflow = (name: string): Promise<string> => readText(workflowPath(name));

export async function saveWorkflow(name: string, text: string, overwrite: boolean): Promise<void> {
  await send(`${workflowPath(name)}${query({ overwrite: String(overwrite) })}`, { method: 'POST', body: text });
}

export async function removeWorkflow(name: string): Promise<void> {
  await send(workflowPath(name), { method: 'DELETE' });
}
