// Submits documents as jobs and follows them: by the WebSocket, and by asking where the socket cannot tell (after a
// reload, after a broken connection).

import { writeDocument } from '../io/editor_format';
import { writeJson } from '../model/json';
import type { FileName } from '../net/files';
import { Refusal, Unreachable, type Problem } from '../net/http';
import { cancelJob, checkGraph, getJob, isOver, submitJob, type Job, type Submission } from '../net/jobs';
import { listen, type ServerEvent } from '../net/events';
import { useConnection } from './connection';
import { newId } from './ids';
import { currentWindow } from './journal';
import { refreshJobs } from './jobs';
import { notify, say } from './notices';
import { setProblems } from './problems';
import { beginJob, dropPreviews, forgetJob, setMade, setPreview, updateJob, updateStep, useRuns, type NodeRun } from './runs';
import { findTab, type Tab } from './tabs';

/** Submissions that the server has not answered yet; sent again, with the same id, when it is back. */
const outbox = new Map<string, { tab: string; submission: Submission }>();

export const documentText = (tab: Tab): string => writeJson(writeDocument(tab.editor.document));

export async function run(tab: Tab, options: { targets?: string[]; front?: boolean } = {}): Promise<boolean> {
  const submission: Submission = { graph: documentText(tab), id: newId(), client: currentWindow(), ...options };
  beginJob(tab.id, submission.id);
  outbox.set(submission.id, { tab: tab.id, submission });
  return deliver(submission.id);
}

async function deliver(id: string): Promise<boolean> {
  const entry = outbox.get(id);
  if (!entry) return false;
  try {
    const checked = await checkGraph(entry.submission.graph);
    if (!checked.ok) {
      outbox.delete(id);
      forgetJob(id);
      return refuse(entry.tab, checked.problems);
    }
    const job = await submitJob(entry.submission);
    outbox.delete(id);
    setProblems(entry.tab, []);
    updateJob(id, (run) => (run.state === 'sending' ? { ...run, state: job.state } : run));
    refreshJobs();
    return true;
  } catch (error) {
    if (error instanceof Unreachable) {
      notify('warn', 'The server does not answer. The job is sent as soon as it is back.');
      return false;
    }
    outbox.delete(id);
    forgetJob(id);
    return refuse(entry.tab, error instanceof Refusal ? error.problems : [], error instanceof Error ? error.message : String(error));
  }
}

/** Nothing runs; every problem is shown at its node and in the panel. */
function refuse(tab: string, problems: Problem[], message?: string): false {
  setProblems(tab, problems);
  const first = problems[0];
  const more = problems.length > 1 ? ` And ${problems.length - 1} more: see Problems.` : '';
  notify('error', message ?? `${first?.node ?? 'The graph'}${first?.socket ? `, ${first.socket}` : ''}: ${first?.message ?? 'cannot be run'}.${more}`);
  return false;
}

export async function cancelShown(tab: Tab): Promise<void> {
  const id = useRuns.getState().shown[tab.id];
  if (!id) return;
  if (outbox.delete(id)) return forgetJob(id);
  await cancelJob(id);
}

/** Takes all that the server knows of a job over: for one that the socket did not tell of. */
export function applyJob(job: Job, tab: string): void {
  const nodes: Record<string, NodeRun> = {};
  const known = useRuns.getState().jobs[job.id]?.nodes ?? {};
  for (const step of job.steps ?? []) {
    const progress = job.progress?.step === step.id ? { value: job.progress.value, max: job.progress.total } : {};
    const state = step.state === 'finished' ? 'done' : step.state === 'skipped' ? 'cached' : step.state;
    const error = job.error?.step === step.id ? job.error.message : undefined;
    nodes[step.id] = unlessSame(known[step.id], { state, seconds: step.seconds, error, ...progress });
  }
  updateJob(job.id, (run) => ({ ...run, state: job.state, error: job.error, nodes: { ...run.nodes, ...nodes } }));
  for (const [step, output] of Object.entries(job.shown ?? {})) showOutput(tab, step, output);
}

/** A node is drawn again only if there is news of it. */
function unlessSame(before: NodeRun | undefined, now: NodeRun): NodeRun {
  if (!before || before.state !== now.state || before.error !== now.error) return now;
  const next = { ...now, seconds: now.seconds ?? before.seconds, value: now.value ?? before.value, max: now.max ?? before.max };
  const isSame = next.seconds === before.seconds && next.value === before.value && next.max === before.max;
  return isSame ? before : { ...next, began: before.began };
}

function showOutput(tab: string, step: string, output: Record<string, unknown>): void {
  const images = (Array.isArray(output.images) ? output.images : []) as FileName[];
  const texts = Array.isArray(output.text) ? output.text : Object.values(output).filter((value) => typeof value !== 'object');
  setMade(tab, step, { images, text: images.length || texts.length === 0 ? undefined : texts.map(String).join('\n') });
}

export async function syncJob(id: string): Promise<void> {
  const run = useRuns.getState().jobs[id];
  if (!run) return;
  try {
    applyJob(await getJob(id), run.tab);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) forgetJob(id);
  }
}

/** The job that a tab showed before the page was reloaded. */
export async function pickUp(tab: string, id: string): Promise<void> {
  beginJob(tab, id);
  await syncJob(id);
}

function finish(id: string, state: Job['state']): void {
  const run = useRuns.getState().jobs[id];
  if (!run) return;
  updateJob(id, (job) => ({ ...job, state }));
  dropPreviews(run.tab);
  const name = findTab(run.tab)?.name ?? 'Graph';
  say(state === 'succeeded' ? `${name}: done` : state === 'failed' ? `${name}: failed` : `${name}: cancelled`);
  refreshJobs();
  void syncJob(id); // seconds and states of all steps
}

function startStep(id: string, step: string): void {
  const run = useRuns.getState().jobs[id];
  for (const [other, node] of Object.entries(run?.nodes ?? {})) {
    if (other === step || node.state !== 'running' || (run?.tellsStates && node.value !== node.max)) continue;
    updateStep(id, other, { state: 'done', seconds: node.began === undefined ? undefined : (performance.now() - node.began) / 1000 });
  }
  updateStep(id, step, { state: 'running', value: 0, max: undefined, began: performance.now() });
}

// Progress may come hundreds of times a second; it is shown once a frame.
const pending = new Map<string, () => void>();
function onceAFrame(key: string, action: () => void): void {
  if (pending.size === 0) {
    requestAnimationFrame(() => {
      const actions = [...pending.values()];
      pending.clear();
      for (const run of actions) run();
    });
  }
  pending.set(key, action);
}

function onEvent(event: ServerEvent): void {
  const { jobs } = useRuns.getState();
  switch (event.type) {
    case 'status':
      useConnection.setState({ remaining: event.data.status.exec_info.queue_remaining });
      return refreshJobs();
    case 'execution_start':
      return updateJob(event.data.prompt_id, (job) => ({ ...job, state: 'running' }));
    case 'execution_cached':
      for (const step of event.data.nodes) updateStep(event.data.prompt_id, step, { state: 'cached' });
      return;
    case 'executing':
      if (event.data.node && event.data.prompt_id) startStep(event.data.prompt_id, event.data.node);
      return;
    case 'progress': {
      const { prompt_id: id, node, value, max } = event.data;
      return onceAFrame(`${id}/${node}`, () => {
        if (useRuns.getState().jobs[id]?.nodes[node]?.state === 'running') updateStep(id, node, { value, max });
      });
    }
    case 'progress_state':
      updateJob(event.data.prompt_id, (job) => (job.tellsStates ? job : { ...job, tellsStates: true }));
      for (const [step, { state }] of Object.entries(event.data.nodes)) {
        const known = useRuns.getState().jobs[event.data.prompt_id]?.nodes[step];
        if (state === 'finished' && known?.state === 'running') {
          const seconds = known.began === undefined ? undefined : (performance.now() - known.began) / 1000;
          updateStep(event.data.prompt_id, step, { state: 'done', seconds });
        }
      }
      return;
    case 'executed': {
      const run = jobs[event.data.prompt_id];
      if (run && event.data.output) showOutput(run.tab, event.data.node, event.data.output);
      return;
    }
    case 'execution_success':
      return finish(event.data.prompt_id, 'succeeded');
    case 'execution_interrupted':
      return finish(event.data.prompt_id, 'cancelled');
    case 'execution_error': {
      const { prompt_id: id, node_id: step, node_type: node, exception_message, traceback } = event.data;
      const message = exception_message.trim();
      const run = jobs[id];
      if (!run) return;
      updateStep(id, step, { state: 'failed', error: message });
      updateJob(id, (job) => ({ ...job, error: { step, node, message, details: traceback?.join('') } }));
      setProblems(run.tab, [{ step, node, kind: 'failed', message }]);
      notify('error', `${node}: ${message}`);
      return finish(id, 'failed');
    }
  }
}

function onConnected(connected: boolean): void {
  const before = useConnection.getState().connected;
  useConnection.setState({ connected });
  if (!connected) return;
  if (before === false) notify('info', 'The server is back.');
  for (const id of outbox.keys()) void deliver(id);
  for (const job of Object.values(useRuns.getState().jobs)) {
    if (!isOver(job.state) && job.state !== 'sending') void syncJob(job.id);
  }
  refreshJobs();
}

export function startListening(): void {
  listen(currentWindow(), {
    event: onEvent,
    connected: onConnected,
    preview: ({ picture, node, job }) => {
      const running = Object.values(useRuns.getState().jobs).find((run) => (job ? run.id === job : run.state === 'running'));
      const step = node ?? Object.entries(running?.nodes ?? {}).find(([, { state }]) => state === 'running')?.[0];
      if (running && step) setPreview(running.tab, step, picture);
    },
  });
  // What the socket does not tell of: jobs of other windows, and messages lost in a broken connection.
  setInterval(() => {
    for (const job of Object.values(useRuns.getState().jobs)) {
      if (!isOver(job.state) && job.state !== 'sending') void syncJob(job.id);
    }
  }, 2000);
}
