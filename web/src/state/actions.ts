// Commands about runs.

import { selectedNodes } from './selection';
import { advanceSeeds } from '../model/seeds';
import { difference } from '../model/diff';
import { readDocument } from '../io/editor_format';
import { isObject, parseJson } from '../model/json';
import { removeJob } from '../net/jobs';
import { useDialogs } from './dialogs';
import { refreshJobs, useJobs } from './jobs';
import { notify } from './notices';
import { planSoon } from './plan';
import { usePreferences } from './preferences';
import { documentText, run } from './running';
import { activeTab, stepId } from './tabs';
import { differenceLine } from './difference';

const lastRuns = new Map<string, string>();

/** Runs the open graph as often as the batch count says; seeds count on between runs. */
export async function runActive(options: { targets?: string[]; front?: boolean } = {}): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  if (tab.editor.document.root.nodes.size === 0) return notify('info', 'There is nothing to run yet: Tab adds a node.');
  for (let i = 0; i < usePreferences.getState().batch; i++) {
    const text = documentText(tab);
    if (!(await run(tab, options))) return;
    lastRuns.set(tab.id, text);
    tab.editor.transact('Seeds after the run', (tx) => advanceSeeds(tx));
  }
  planSoon();
}

export async function runToSelection(): Promise<void> {
  const tab = activeTab();
  if (tab) await runActive({ targets: selectedNodes().map((id) => stepId(tab, id)) });
}

export async function clearJobs(): Promise<void> {
  const over = useJobs.getState().jobs.filter(({ state }) => state !== 'running' && state !== 'queued');
  for (const job of over) await removeJob(job.id);
  refreshJobs();
}

/** What changed in the open graph since its last run from this page. */
export function compareWithJob(): void {
  const tab = activeTab();
  const before = tab && lastRuns.get(tab.id);
  if (!tab || !before) return notify('info', 'This graph has not been run from this page yet.');
  const json = parseJson(before);
  if (!isObject(json)) return;
  const lines = difference(readDocument(json), tab.editor.document, tab.editor.registry).map(differenceLine);
  useDialogs.setState({ difference: { title: 'Changed since the last run', lines } });
}
