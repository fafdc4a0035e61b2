import { create } from 'zustand';
import type { FileName } from '../net/files';
import type { Job, JobError } from '../net/jobs';

// What runs did to nodes: by job, apart from the document. Keys of nodes are step ids ("7", or "12:7" in a subgraph).

export interface NodeRun {
  state: 'waiting' | 'running' | 'cached' | 'done' | 'failed';
  value?: number;
  max?: number;
  /** Milliseconds of the page's clock. */
  began?: number;
  seconds?: number;
  error?: string;
}

export interface Shown {
  images: FileName[];
  text?: string;
}

export interface JobRun {
  id: string;
  tab: string;
  state: Job['state'] | 'sending';
  nodes: Record<string, NodeRun>;
  error?: JobError;
  /** The server says by itself when a step is finished (older ones only say which one is next). */
  tellsStates?: boolean;
}

interface Runs {
  jobs: Record<string, JobRun>;
  /** The job whose states a tab shows. */
  shown: Record<string, string>;
  /** What nodes of a tab have made last; stays while a later run has not made it anew. */
  made: Record<string, Record<string, Shown>>;
  /** Object URLs of pictures in the making, by tab and step. */
  previews: Record<string, Record<string, string>>;
}

export const useRuns = create<Runs>(() => ({ jobs: {}, shown: {}, made: {}, previews: {} }));

export function beginJob(tab: string, id: string): void {
  useRuns.setState(({ jobs, shown }) => ({
    jobs: { ...jobs, [id]: { id, tab, state: 'sending', nodes: {} } },
    shown: { ...shown, [tab]: id },
  }));
}

export function updateJob(id: string, change: (job: JobRun) => JobRun): void {
  useRuns.setState(({ jobs }) => {
    const job = jobs[id];
    return job ? { jobs: { ...jobs, [id]: change(job) } } : {};
  });
}

export function updateStep(id: string, step: string, change: Partial<NodeRun>): void {
  updateJob(id, (job) => {
    const before: NodeRun = job.nodes[step] ?? { state: 'waiting' };
    return { ...job, nodes: { ...job.nodes, [step]: { ...before, ...change } } };
  });
}

export function forgetJob(id: string): void {
  useRuns.setState(({ jobs }) => {
    const { [id]: _gone, ...rest } = jobs;
    return { jobs: rest };
  });
}

export function setMade(tab: string, step: string, shown: Shown): void {
  dropPreview(tab, step);
  useRuns.setState(({ made }) => ({ made: { ...made, [tab]: { ...made[tab], [step]: shown } } }));
}

export function setPreview(tab: string, step: string, picture: Blob): void {
  const url = URL.createObjectURL(picture);
  const old = useRuns.getState().previews[tab]?.[step];
  useRuns.setState(({ previews }) => ({ previews: { ...previews, [tab]: { ...previews[tab], [step]: url } } }));
  // The old one may still be on its way to the screen.
  if (old) setTimeout(() => URL.revokeObjectURL(old), 250);
}

export function dropPreview(tab: string, step: string): void {
  const url = useRuns.getState().previews[tab]?.[step];
  if (!url) return;
  useRuns.setState(({ previews }) => {
    const { [step]: _gone, ...rest } = previews[tab] ?? {};
    return { previews: { ...previews, [tab]: rest } };
  });
  setTimeout(() => URL.revokeObjectURL(url), 250);
}

export function dropPreviews(tab: string): void {
  for (const step of Object.keys(useRuns.getState().previews[tab] ?? {})) dropPreview(tab, step);
}

export function forgetTab(tab: string): void {
  dropPreviews(tab);
  useRuns.setState(({ jobs, shown, made, previews }) => ({
    jobs: Object.fromEntries(Object.entries(jobs).filter(([, job]) => job.tab !== tab)),
    shown: without(shown, tab),
    made: without(made, tab),
    previews: without(previews, tab),
  }));
}

function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  const { [key]: _gone, ...rest } = record;
  return rest;
}

/** How far a job is, of 0 to 1, as far as its nodes tell. */
export function jobFraction(job: JobRun): number {
  const nodes = Object.values(job.nodes);
  if (nodes.length === 0) return 0;
  const parts = nodes.map((node) => {
    if (node.state === 'done' || node.state === 'cached') return 1;
    return node.state === 'running' && node.max ? (node.value ?? 0) / node.max : 0;
  });
  return parts.reduce((sum, part) => sum + part, 0) / nodes.length;
}
