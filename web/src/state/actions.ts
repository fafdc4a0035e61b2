// Commands about runs.

import { selectedNodes } from './selection';
import { advanceSeeds } from '../model/seeds';
import { difference } from '../model/diff';
import { clearHistory, isOver, listJobs, removeJob, type Job } from '../net/jobs';
import { ask, useDialogs } from './dialogs';
import { dropJobs, refreshJobs, useJobs } from './jobs';
import { documentOfJob } from './files';
import { lastRun, rememberRun } from './last_runs';
import { notify } from './notices';
import { planSoon } from './plan';
import { usePreferences } from './preferences';
import { documentText, run } from './running';
import { activeTab, stepId } from './tabs';
import { differenceLine } from './difference';

/** Runs the open graph as often as the batch count says; seeds count on between runs. */
export async function runActive(options: { targets?: string[]; front?: boolean } = {}): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  if (tab.editor.document.root.nodes.size === 0) return notify('info', 'There is nothing to run yet: Tab adds a node.');
  for (let i = 0; i < usePreferences.getState().batch; i++) {
    const text = documentText(tab);
    if (!(await run(tab, options))) return;
    rememberRun(tab.id, text);
    tab.editor.transact('Seeds after the run', (tx) => advanceSeeds(tx));
  }
  planSoon();
}

export async function runToSelection(): Promise<void> {
  const tab = activeTab();
  if (tab) await runActive({ targets: selectedNodes().map((id) => stepId(tab, id)) });
}

/** Removes all finished jobs; whether their files go as well is asked, for they cannot be had back. */
export async function clearJobs(): Promise<void> {
  const answer = await ask('Remove finished jobs', 'All finished jobs are taken out of the list. Their pictures on the disk can stay.', ['Keep their files', 'Delete their files too']);
  if (answer === -1) return;
  if (answer === 0) await clearHistory();
  else await removeFinished();
  useJobs.setState({ next: undefined });
  dropJobs(new Set(useJobs.getState().jobs.filter(({ state }) => isOver(state)).map(({ id }) => id)));
  refreshJobs();
}

async function removeFinished(): Promise<void> {
  for (;;) {
    const { jobs, next } = await listJobs({ limit: 100 });
    const over = jobs.filter(({ state }) => isOver(state));
    for (const job of over) await removeJob(job.id);
    if (!next || over.length === 0) return;
  }
}

/** What differs in the open graph from what a job has run. */
export async function compareWith(job: Job): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const { registry } = tab.editor;
  const lines = difference(await documentOfJob(job, registry), tab.editor.document, registry).map(differenceLine);
  useDialogs.setState({ difference: { title: `From job ${job.id.slice(0, 8)} to ${tab.name}`, lines } });
}

/** What changed in the open graph since its last run from this page. */
export function compareWithJob(): void {
  const tab = activeTab();
  const before = tab && lastRun(tab.id);
  if (!tab || !before) return notify('info', 'This graph has not been run from this page yet.');
  const lines = difference(before, tab.editor.document, tab.editor.registry).map(differenceLine);
  useDialogs.setState({ difference: { title: 'Changed since the last run', lines } });
}
