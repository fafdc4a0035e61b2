import { jobGraph, submitPicture } from '../net/jobs';
import { openText } from './files';
import { pickUp } from './running';

/**
 * Runs what another program's picture says, and opens the graph that the server has made of it. (It makes graphs of
 * such pictures for jobs only, and is the one converter.)
 */
export async function runForeignPicture(file: File): Promise<void> {
  const job = await submitPicture(file);
  const tab = await openText(await jobGraph(job.id), file.name.replace(/\.\w+$/, ''), { unsaved: true });
  await pickUp(tab.id, job.id);
}
