import { create } from 'zustand';
import { getJob, getQueue, isOver, listJobs, type Job } from '../net/jobs';
import { updateJob } from './runs';

interface Jobs {
  /** Newest first. */
  jobs: Job[];
  paused: boolean;
  next?: string;
}

export const useJobs = create<Jobs>(() => ({ jobs: [], paused: false }));

const PAGE = 60;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Reads the list again; calls in quick succession are one. */
export function refreshJobs(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void load(), 120);
}

async function load(): Promise<void> {
  try {
    const [{ jobs, next }, { paused }] = await Promise.all([listJobs({ limit: PAGE }), getQueue()]);
    useJobs.setState((before) => ({ ...withOlder(before, jobs, next), paused }));
  } catch {
    // The banner says that the server is away; the list stays as it was.
  }
}

/** What was read of older pages stays behind the first page that was read anew. */
function withOlder(before: Jobs, fresh: Job[], next: string | undefined): Pick<Jobs, 'jobs' | 'next'> {
  const oldest = fresh.at(-1);
  if (!next || !oldest) return { jobs: fresh, next };
  const place = before.jobs.findIndex(({ id }) => id === oldest.id);
  const older = place === -1 ? [] : before.jobs.slice(place + 1);
  return older.length > 0 ? { jobs: [...fresh, ...older], next: before.next } : { jobs: fresh, next };
}

/** Jobs that were removed are not waited for to disappear. */
export function dropJobs(ids: ReadonlySet<string>): void {
  useJobs.setState(({ jobs }) => ({ jobs: jobs.filter(({ id }) => !ids.has(id)) }));
  // Nor are they asked for any more.
  for (const id of ids) updateJob(id, (run) => (isOver(run.state) ? run : { ...run, state: 'cancelled' }));
}

/** How far a job is, that another window or program may have sent: the list does not tell. */
export async function readProgress(id: string): Promise<void> {
  const job = await getJob(id).catch(() => undefined);
  if (job) useJobs.setState(({ jobs }) => ({ jobs: jobs.map((one) => (one.id === id ? job : one)) }));
}

export async function loadMoreJobs(): Promise<void> {
  const { jobs, next } = useJobs.getState();
  if (!next) return;
  const after = new URL(next, 'http://heddle').searchParams.get('after') ?? undefined;
  const more = await listJobs({ limit: PAGE, after });
  const known = new Set(jobs.map((job) => job.id));
  useJobs.setState({ jobs: [...jobs, ...more.jobs.filter((job) => !known.has(job.id))], next: more.next });
}
