import { query, readJson, readText, send, type Problem } from './http';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export const isOver = (state: string): boolean => state === 'succeeded' || state === 'failed' || state === 'cancelled';

export interface JobOutput {
  number: number;
  step: string;
  name?: string;
  folder: string;
  subfolder: string;
  filename: string;
  type: string;
  bytes: number;
  sha256: string;
  url: string;
}

export interface JobStep {
  id: string;
  node: string;
  state: 'waiting' | 'running' | 'finished' | 'cached' | 'failed' | 'skipped';
  seconds?: number;
}

export interface JobError {
  step?: string;
  node?: string;
  message: string;
  details?: string;
}

export interface Job {
  id: string;
  state: JobState;
  priority: number;
  created: string;
  started?: string;
  finished?: string;
  seconds_waited?: number;
  seconds_running?: number;
  position?: number;
  client_id?: string;
  pipeline?: { name?: string; title?: string };
  outputs?: JobOutput[];
  shown?: Record<string, Record<string, unknown>>;
  steps?: JobStep[];
  steps_run?: number;
  steps_cached?: number;
  progress?: { step: string; node: string; value: number; total: number; fraction: number };
  error?: JobError;
}

export interface Explanation {
  steps: { step: string; node: string; action: 'run' | 'cached' | 'skip'; reason: string }[];
  warnings: Problem[];
  compared_with?: string;
}

export interface Submission {
  /** The graph as JSON text: 64-bit numbers stay as they are written. */
  graph: string;
  id: string;
  client: string;
  targets?: string[];
  front?: boolean;
}

const json = { 'Content-Type': 'application/json' };

/** Sent again with the same id, it is the same job: a lost answer never runs a graph twice. */
export function submitJob(job: Submission): Promise<Job> {
  const fields: Record<string, unknown> = { id: job.id, client_id: job.client };
  if (job.targets) fields.targets = job.targets;
  if (job.front) fields.priority = 1;
  const body = `{"graph":${job.graph},${JSON.stringify(fields).slice(1)}`;
  return readJson<Job>('v1/jobs', { method: 'POST', headers: { ...json, 'Idempotency-Key': job.id }, body });
}

/** A picture that holds a graph, or another program's settings: the server makes a graph of it. */
export const submitPicture = (picture: Blob): Promise<Job> => readJson('v1/jobs', { method: 'POST', body: picture });
export const checkPicture = (picture: Blob): Promise<Checked> => readJson('v1/check', { method: 'POST', body: picture });

export const getJob = (id: string): Promise<Job> => readJson(`v1/jobs/${encodeURIComponent(id)}`);
export const jobGraph = (id: string): Promise<string> => readText(`v1/jobs/${encodeURIComponent(id)}/graph`);

export function listJobs(options: { state?: string; limit?: number; after?: string } = {}): Promise<{ jobs: Job[]; next?: string }> {
  return readJson(`v1/jobs${query(options)}`);
}

export async function cancelJob(id: string): Promise<void> {
  await send(`v1/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** Removes a finished job and the files that only it has made. */
export async function removeJob(id: string): Promise<void> {
  await send(`v1/jobs/${encodeURIComponent(id)}?results=true`, { method: 'DELETE' });
}

/** Forgets all finished jobs; what they have saved stays. */
export async function clearHistory(): Promise<void> {
  await send('history', { method: 'POST', headers: json, body: '{"clear":true}' });
}

export const retryJob = (id: string): Promise<Job> => readJson(`v1/jobs/${encodeURIComponent(id)}/retry`, { method: 'POST' });

export async function moveToFront(id: string): Promise<void> {
  await send(`v1/jobs/${encodeURIComponent(id)}`, { method: 'PATCH', headers: json, body: '{"position":0}' });
}

export interface Queue {
  paused: boolean;
  remaining: number;
  running: Job[];
  queued: Job[];
}

export const getQueue = (): Promise<Queue> => readJson('v1/queue');

export async function pauseQueue(paused: boolean): Promise<void> {
  await send('v1/queue', { method: 'PATCH', headers: json, body: JSON.stringify({ paused }) });
}

export function explainGraph(graph: string, signal?: AbortSignal): Promise<Explanation> {
  return readJson('v1/explain', { method: 'POST', headers: json, body: `{"graph":${graph}}`, signal });
}

export interface Checked {
  ok: boolean;
  problems: Problem[];
  warnings: Problem[];
}

export function checkGraph(graph: string, signal?: AbortSignal): Promise<Checked> {
  return readJson('v1/check', { method: 'POST', headers: json, body: `{"graph":${graph}}`, signal });
}
