import { cancelJob, moveToFront, pauseQueue, removeJob, retryJob, type Job } from '../../net/jobs';
import { fileUrl } from '../../net/files';
import { openViewer } from '../../state/dialogs';
import { openJob } from '../../state/files';
import { dropJobs, loadMoreJobs, readProgress, refreshJobs, useJobs } from '../../state/jobs';
import { attempt } from '../../state/notices';
import { syncJob } from '../../state/running';
import { useEffect, useState } from 'react';
import { IconButton } from '../icons';
import { picturesOf } from '../../state/gallery';
import { runCommand } from '../../commands';
import { compareWith } from '../../state/actions';

const filters = ['all', 'waiting', 'succeeded', 'failed'] as const;
type Filter = (typeof filters)[number];

const shows = (filter: Filter, { state }: Job): boolean =>
  filter === 'all' || state === filter ||
  (filter === 'waiting' && (state === 'queued' || state === 'running')) || (filter === 'failed' && state === 'cancelled');

/** Rows in the page at once. */
const PAGE = 60;

export default function Jobs() {
  const { jobs, paused, next } = useJobs();
  const [filter, setFilter] = useState<Filter>('all');
  const [page, setPage] = useState(0);
  useProgress(jobs.find(({ state }) => state === 'running')?.id);
  const matching = jobs.filter((job) => shows(filter, job));
  const last = Math.max(0, Math.ceil(matching.length / PAGE) - 1);
  const at = Math.min(page, last);
  const older = async (): Promise<void> => {
    if (at === last) await loadMoreJobs();
    setPage(at + 1);
  };
  return (
    <>
      <div className="row" role="toolbar" aria-label="Queue">
        <IconButton
          icon={paused ? 'play' : 'pause'}
          label={paused ? 'Let the queue go on' : 'Pause the queue'}
          onClick={() => attempt(async () => {
            await pauseQueue(!paused);
            refreshJobs();
          })}
        />
        <select aria-label="Which jobs" value={filter} onChange={(event) => setFilter(event.target.value as Filter)}>
          {filters.map((name) => <option key={name}>{name}</option>)}
        </select>
        <IconButton icon="trash" label="Remove finished jobs" onClick={() => runCommand('jobs.clear')} />
      </div>
      <ul className="jobs" aria-label="Jobs, newest first">
        {matching.slice(at * PAGE, (at + 1) * PAGE).map((job) => <JobRow key={job.id} job={job} />)}
      </ul>
      {jobs.length === 0 && <p className="empty">No jobs yet. Ctrl+Enter runs the graph.</p>}
      <div className="row">
        {at > 0 && <button type="button" className="small" onClick={() => setPage(at - 1)}>Newer jobs</button>}
        {(next || at < last) && <button type="button" className="small" onClick={() => attempt(older)}>Older jobs</button>}
      </div>
    </>
  );
}

/** While the panel is open it shows how far the running job is, whoever sent it. */
function useProgress(id: string | undefined): void {
  useEffect(() => {
    if (id === undefined) return;
    void readProgress(id);
    const timer = setInterval(() => void readProgress(id), 1000);
    return () => clearInterval(timer);
  }, [id]);
}

function JobRow({ job }: { job: Job }) {
  const pictures = picturesOf(job);
  const first = pictures[0];
  const isOver = job.state !== 'queued' && job.state !== 'running';
  const name = job.pipeline?.title ?? job.pipeline?.name ?? job.id.slice(0, 8);
  const act = (action: () => Promise<unknown>) => attempt(async () => {
    await action();
    refreshJobs();
  });
  return (
    <li className="job" data-state={job.state}>
      {first ? (
        <button type="button" className="thumb" aria-label={`View ${first.title}`} onClick={() => openViewer(pictures, 0)}>
          <img src={fileUrl(first.file, { preview: true })} alt={first.title} loading="lazy" />
        </button>
      ) : <span className="thumb" />}
      <div className="job-text">
        <strong>{name}</strong>
        <span>{summary(job)}</span>
        {job.error && <em className="job-error">{job.error.node ? `${job.error.node}: ` : ''}{job.error.message}</em>}
      </div>
      <div className="job-tools">
        <IconButton icon="open" label={`Open the graph of ${name}`} onClick={() => attempt(() => openJob(job))} />
        <IconButton icon="compare" label={`What is different in the open graph from ${name}`} onClick={() => attempt(() => compareWith(job))} />
        {job.state === 'queued' && <IconButton icon="up" label={`Run ${name} next`} onClick={() => act(() => moveToFront(job.id))} />}
        {isOver ? (
          <>
            <IconButton icon="retry" label={`Run ${name} again`} onClick={() => act(() => retryJob(job.id))} />
            <IconButton icon="trash" label={`Delete ${name} and its files`} onClick={() => act(async () => {
              await removeJob(job.id);
              dropJobs(new Set([job.id]));
            })} />
          </>
        ) : <IconButton icon="stop" label={`Cancel ${name}`} onClick={() => act(async () => {
          await cancelJob(job.id);
          await syncJob(job.id);
        })} />}
      </div>
    </li>
  );
}

function summary(job: Job): string {
  const parts: string[] = [job.state];
  if (job.state === 'queued' && job.position !== undefined) parts.push(`place ${job.position + 1}`);
  if (job.progress) parts.push(`${job.progress.node} ${Math.round(job.progress.fraction * 100)} %`);
  if (job.seconds_running !== undefined) parts.push(`${job.seconds_running.toFixed(1)} s`);
  if (job.steps_run !== undefined) parts.push(`${job.steps_run} run, ${job.steps_cached ?? 0} cached`);
  parts.push(new Date(job.finished ?? job.created).toLocaleTimeString());
  return parts.join(' · ');
}
