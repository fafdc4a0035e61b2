import { fileUrl } from '../net/files';
import type { Job } from '../net/jobs';
import type { ViewedPicture } from './dialogs';

/** The pictures that a job has saved or shown. */
export function picturesOf(job: Job): ViewedPicture[] {
  const saved = (job.outputs ?? []).filter(({ type }) => type.startsWith('image/')).map(({ filename, subfolder, folder }) => ({ filename, subfolder, type: folder }));
  return saved.map((file) => ({ file, url: fileUrl(file), title: file.filename, job: job.id }));
}

export const allPictures = (jobs: Job[]): ViewedPicture[] => jobs.flatMap(picturesOf);
