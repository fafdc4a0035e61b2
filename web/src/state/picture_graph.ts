// The graph behind a picture, and what differs between two of them.

import { openFile, openText } from '../io/open_file';
import { difference } from '../model/diff';
import type { Document } from '../model/document';
import { fetchBytes } from '../net/files';
import { jobGraph } from '../net/jobs';
import type { ViewedPicture } from './dialogs';
import { differenceLine } from './difference';
import { useTabs } from './tabs';

async function graphOf({ url, job }: ViewedPicture): Promise<Document> {
  const { registry } = useTabs.getState();
  try {
    return (await openFile(new Uint8Array(await (await fetchBytes(url)).arrayBuffer()), registry)).document;
  } catch (error) {
    if (!job) throw error;
    return openText(await jobGraph(job), registry).document;
  }
}

/** In words; null where one of them holds no graph. */
export async function pictureDifference(first: ViewedPicture, second: ViewedPicture): Promise<{ kind: string; text: string }[] | null> {
  try {
    const [before, after] = await Promise.all([graphOf(first), graphOf(second)]);
    return difference(before, after, useTabs.getState().registry).map(differenceLine);
  } catch {
    return null;
  }
}
