// Keeping a document on the server under its name. Work that someone else saved there meanwhile is never written over
// unasked.

import { parseJson, writeJson } from '../model/json';
import { listWorkflows, readWorkflow, saveWorkflow } from '../net/pipelines';
import { ask, askText } from './dialogs';
import { openText } from './files';
import { notify } from './notices';
import { documentText } from './running';
import { activeTab, changeTab, type Tab } from './tabs';

/** Tells texts apart (FNV-1a, 2 x 32 bits); crypto.subtle is only there on loopback and https. */
export function hashOf(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x85ebca6b);
  }
  return `${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}/${text.length}`;
}

/** The first time, and for a copy, the name is asked for. */
export async function save(as = false): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const isNew = as || tab.name === 'Untitled' || tab.base === undefined;
  const name = isNew ? await askText('Name of the workflow', tab.name) : tab.name;
  if (name) await saveAs(tab, name);
}

async function saveAs(tab: Tab, name: string): Promise<void> {
  const there = await textOnServer(name);
  const isOthers = there !== undefined && (name !== tab.name || hashOf(there) !== tab.base);
  if (isOthers && !(await mayReplace(name, there))) return;
  const state = tab.editor.state;
  const text = writeJson(parseJson(documentText(tab)), 2);
  await saveWorkflow(`${name}.json`, text, true);
  changeTab(tab.id, { name, saved: state, base: hashOf(text) });
  notify('info', `Saved as ${name}.`);
}

async function textOnServer(name: string): Promise<string | undefined> {
  const isThere = (await listWorkflows()).includes(`${name}.json`);
  return isThere ? readWorkflow(`${name}.json`) : undefined;
}

async function mayReplace(name: string, there: string): Promise<boolean> {
  const answer = await ask(
    `${name} is there already`,
    `The workflow ${name} on the server is not the one that this graph was opened from: it was saved by another window or program.`,
    ['Save under another name', 'Open the other one', 'Replace it'],
  );
  if (answer === 0) await save(true);
  if (answer === 1) await openText(there, `${name} (on the server)`, { unsaved: true });
  return answer === 2;
}
