// The fields that a graph shows as a plain form, marked by the user and kept in the document (extra.linearData.inputs).

import { definitionOf, titleOf } from '../model/definition_of';
import type { InputDefinition } from '../model/definition';
import { ROOT, type GraphNode } from '../model/document';
import { idJson } from '../model/write_rows';
import { isArray, isObject, type Json, type JsonObject } from '../model/json';
import { valueOf } from '../model/values';
import type { Tab } from './tabs';

export interface FormField {
  node: string;
  input: string;
  label: string;
  title: string;
  type: string;
  value: Json;
  definition: InputDefinition;
}

function marked(tab: Tab): readonly Json[] {
  const { linearData } = tab.editor.document.root.header.extra;
  return isObject(linearData) && isArray(linearData.inputs) ? linearData.inputs : [];
}

const isMark = (entry: Json, node: string, input: string): boolean =>
  isArray(entry) && String(entry[0]) === node && entry[1] === input;

export const isInForm = (tab: Tab, node: string, input: string): boolean => marked(tab).some((entry) => isMark(entry, node, input));

export function formInputs(tab: Tab): FormField[] {
  return marked(tab).flatMap((entry) => {
    if (!isArray(entry)) return [];
    const field = fieldOf(tab, tab.editor.document.root.nodes.get(String(entry[0])), String(entry[1]));
    return field ? [field] : [];
  });
}

function fieldOf(tab: Tab, node: GraphNode | undefined, name: string): FormField | undefined {
  const { document, registry } = tab.editor;
  const definition = node && definitionOf(document, document.root, node, registry);
  const input = definition?.inputs.find((one) => one.name === name);
  if (!node || !definition || !input?.widget) return undefined;
  const title = titleOf(node, definition);
  return { node: node.id, input: name, label: `${title} ${name}`, title: input.tooltip, type: input.type, value: valueOf(node, definition, name) ?? null, definition: input };
}

/** Shows a field in the form, or takes it out. */
export function toggleInForm(tab: Tab, node: string, input: string): void {
  const before = marked(tab);
  const next = isInForm(tab, node, input) ? before.filter((entry) => !isMark(entry, node, input)) : [...before, [idJson(node), input]];
  store(tab, next, 'Show in the form');
}

export function moveInForm(tab: Tab, at: number, by: number): void {
  const next = [...marked(tab)];
  const [entry] = next.splice(at, 1);
  if (entry === undefined) return;
  next.splice(at + by, 0, entry);
  store(tab, next, 'Reorder the form');
}

function store(tab: Tab, inputs: readonly Json[], label: string): void {
  tab.editor.transact(label, (tx) => {
    const { extra } = tx.graph(ROOT).header;
    const linearData = isObject(extra.linearData) ? extra.linearData : {};
    const changed: JsonObject = { ...extra, linearData: { ...linearData, inputs } };
    tx.updateHeader(ROOT, { extra: changed });
  });
}
