// Addresses that name a saved workflow or pipeline: #workflow=NAME, #pipeline=NAME.

import { openPipeline, openWorkflow } from './files';

export const linkTo = (kind: 'workflow' | 'pipeline', name: string): string =>
  new URL(`#${kind}=${encodeURIComponent(name)}`, document.baseURI).href;

export async function openShared(): Promise<void> {
  const [kind, name] = location.hash.slice(1).split('=');
  if (!kind || !name) return;
  history.replaceState(null, '', location.pathname + location.search);
  if (kind === 'workflow') await openWorkflow(`${decodeURIComponent(name)}.json`);
  if (kind === 'pipeline') await openPipeline(decodeURIComponent(name), decodeURIComponent(name));
}
