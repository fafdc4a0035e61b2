// ComfyUI's API format, {"3": {"class_type": ..., "inputs": {...}}}, as a document. Steps keep their ids.

import { inputType } from '../model/connection';
import type { NodeDefinition, Registry } from '../model/definition';
import { columnLayout, type Layout } from '../model/column_layout';
import { ROOT, type InputSocket, type MutableDocument, type NodeId } from '../model/document';
import { isArray, isObject, keysOf, type Json, type JsonObject } from '../model/json';
import { newInput, newNode, newOutput } from '../model/new_rows';
import { defaultSize } from '../model/node_size';
import { field, idText, object, text } from '../model/read_rows';
import { Transaction } from '../model/transaction';
import { makeValues } from '../model/values';
import { applyPositions } from '../model/commands/look';
import { addLink } from '../model/commands/link_rows';
import { SEARCH_NAME } from '../model/editor_names';
import { emptyDocument } from './editor_format';
import { FileError } from './file_error';

export interface ApiDocument {
  readonly document: MutableDocument;
  /// What the document does not hold as the file has it.
  readonly warnings: readonly string[];
}

export function isApiFormat(json: Json): json is JsonObject {
  if (!isObject(json)) return false;
  const steps = keysOf(json).map((id) => json[id] as Json);
  return steps.length > 0 && steps.every((step) => typeof field(step, 'class_type') === 'string');
}

export function readApiFormat(json: Json, registry: Registry, layout: Layout = columnLayout): ApiDocument {
  if (!isApiFormat(json)) throw new FileError('this is no workflow in API format: a step has no class_type');
  const document = emptyDocument();
  const tx = new Transaction(document, registry);
  const warnings: string[] = [];
  for (const id of keysOf(json)) addStep(tx, id, object(json[id]), outputsUsed(json, id), warnings);
  for (const id of keysOf(json)) addLinks(tx, id, object(field(json[id], 'inputs')), warnings);
  const numbers = keysOf(json).filter((id) => /^\d{1,15}$/.test(id)).map(Number);
  tx.updateHeader(ROOT, { lastNode: Math.max(0, ...numbers) });
  applyPositions(tx, ROOT, layout(document.root));
  return { document, warnings };
}

function addStep(tx: Transaction, id: NodeId, step: JsonObject, outputs: number, warnings: string[]): void {
  const type = step.class_type as string;
  const inputs = object(step.inputs);
  const definition = tx.registry.get(type);
  const title = text(field(step._meta, 'title'));
  const sockets = stepSockets(inputs, definition);
  const values = definition === undefined ? namedValues(inputs) : makeValues(definition, literals(inputs), 'fixed');
  for (const name of keysOf(inputs)) {
    const lost = definition !== undefined && !isLink(inputs[name]) && !definition.inputs.some((input) => input.name === name && input.widget !== null);
    if (lost) warnings.push(`node ${id}: ${type} has no value ${name}; it is left out`);
  }
  tx.insert(ROOT, 'nodes', newNode({
    id, type, pos: [0, 0], inputs: sockets, values,
    size: definition === undefined ? [270, 60 + 26 * keysOf(inputs).length] : defaultSize(definition),
    outputs: definition?.outputs.map((output) => newOutput(output.name, output.type)) ?? Array.from({ length: outputs }, () => newOutput('*', '*')),
    title: title === definition?.displayName ? null : title,
    properties: { [SEARCH_NAME]: type },
  }));
}

/// Declared sockets first, then those that only the file has.
function stepSockets(inputs: JsonObject, definition: NodeDefinition | undefined): InputSocket[] {
  const declared = definition?.inputs ?? [];
  const sorted = [...declared.filter((input) => input.widget === null), ...declared.filter((input) => input.widget !== null)];
  const known = sorted.map((input) => newInput(input.name, input.type, input.widget === null ? null : input.name));
  const names = new Set(declared.map((input) => input.name));
  const linked = keysOf(inputs).filter((name) => isLink(inputs[name]) && !names.has(name));
  return [...known, ...linked.map((name) => newInput(name, '*'))];
}

function literals(inputs: JsonObject): Map<string, Json> {
  return new Map(keysOf(inputs).filter((name) => !isLink(inputs[name])).map((name) => [name, unwrapped(inputs[name] as Json)]));
}

function namedValues(inputs: JsonObject): JsonObject | undefined {
  const named = literals(inputs);
  return named.size === 0 ? undefined : Object.fromEntries(named);
}

/// A list as a value is written {"__value__": [...]}, so that it is not taken for a link.
function unwrapped(value: Json): Json {
  const inner = field(value, '__value__');
  return isArray(inner) ? inner : value;
}

function isLink(value: Json | undefined): value is readonly [Json, number] {
  return isArray(value) && value.length === 2 && idText(value[0]) !== null && typeof value[1] === 'number' && Number.isInteger(value[1]) && value[1] >= 0;
}

/// How many outputs of a step others use; all that is known of an unknown type.
function outputsUsed(json: JsonObject, id: NodeId): number {
  const slots = keysOf(json).flatMap((other) => {
    const inputs = object(field(json[other], 'inputs'));
    return keysOf(inputs).map((name) => inputs[name]).filter(isLink).filter(([from]) => idText(from) === id).map(([, slot]) => slot + 1);
  });
  return Math.min(Math.max(0, ...slots), 100);
}

function addLinks(tx: Transaction, id: NodeId, inputs: JsonObject, warnings: string[]): void {
  for (const name of keysOf(inputs)) {
    const value = inputs[name];
    if (!isLink(value)) continue;
    const from = { node: idText(value[0]) as NodeId, slot: value[1] };
    const source = tx.graph(ROOT).nodes.get(from.node);
    if (source === undefined || from.slot >= source.outputs.length) {
      warnings.push(`node ${id}: ${name} is linked to output ${from.slot} of node ${from.node}, which does not exist`);
      continue;
    }
    const to = { node: id, input: name };
    const type = source.outputs[from.slot]?.type ?? '*';
    addLink(tx, ROOT, from, to, type === '*' ? (inputType(tx.document, tx.registry, tx.graph(ROOT), to) ?? '*') : type);
  }
}
