import { useEffect } from 'react';
import { jobFraction, useRuns } from '../state/runs';
import type { Tab } from '../state/tabs';

/** "42 % - name" in the browser's tab while a job runs. */
export function useTitle(tab: Tab | undefined): void {
  const running = useRuns(({ jobs, shown }) => {
    const job = tab && jobs[shown[tab.id] ?? ''];
    return job?.state === 'running' ? Math.round(jobFraction(job) * 100) : -1;
  });
  const name = tab?.name ?? 'heddle';
  useEffect(() => {
    document.title = running >= 0 ? `${running} % - ${name}` : name === 'heddle' ? name : `${name} - heddle`;
  }, [running, name]);
}
