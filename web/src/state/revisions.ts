// The past of a saved pipeline.

import { openJson } from '../io/open_file';
import { difference } from '../model/diff';
import { isObject, parseJson, sameJson, writeJson, type Json, type JsonObject } from '../model/json';
import { readPipeline, savePipeline } from '../net/pipelines';
import { useDialogs } from './dialogs';
import { differenceLine } from './difference';
import { notify } from './notices';
import { loadLibrary } from './pipelines';
import { useTabs } from './tabs';

async function documentOf(name: string, revision: number): Promise<JsonObject> {
  const json = parseJson(await readPipeline(`${name}@${revision}`));
  const document = isObject(json) && isObject(json.document) ? json.document : json;
  if (!isObject(document)) throw new Error(`Revision ${revision} of ${name} is no pipeline.`);
  return document;
}

const fieldsOf = (document: JsonObject, key: string): JsonObject => (isObject(document[key]) ? document[key] : {});
const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : writeJson(value));

/** Inputs and outputs: what is new, gone, or another. */
function changedFields(before: JsonObject, after: JsonObject, key: string, word: string): { kind: string; text: string }[] {
  const [old, now] = [fieldsOf(before, key), fieldsOf(after, key)];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((name) => {
    const [was, is] = [old[name], now[name]];
    if (sameJson(was, is)) return [];
    if (was === undefined) return [{ kind: 'added', text: `${word} ${name} is new` }];
    if (is === undefined) return [{ kind: 'removed', text: `${word} ${name} is gone` }];
    if (!isObject(was) || !isObject(is)) return [{ kind: 'value', text: `${word} ${name}: ${shown(was)} → ${shown(is)}` }];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((part) => !sameJson(was[part], is[part]))
      .map((part) => ({ kind: 'value', text: `${word} ${name}: ${part} ${shown(was[part])} → ${shown(is[part])}` }));
  });
}

export async function showRevisionChanges(name: string, before: number, after: number): Promise<void> {
  const { registry } = useTabs.getState();
  const [old, now] = await Promise.all([documentOf(name, before), documentOf(name, after)]);
  const graphs = difference(openJson(old, registry).document, openJson(now, registry).document, registry).map(differenceLine);
  const lines = [...changedFields(old, now, 'inputs', 'Input'), ...changedFields(old, now, 'outputs', 'Output'), ...graphs];
  useDialogs.setState({ difference: { title: `${name}: from revision ${before} to ${after}`, lines } });
}

/** Saved once more, it is the newest; what was newest stays among the revisions. */
export async function restoreRevision(name: string, revision: number): Promise<void> {
  await savePipeline(name, writeJson(await documentOf(name, revision), 2));
  await loadLibrary();
  notify('info', `Revision ${revision} of ${name} is the newest again.`);
}
