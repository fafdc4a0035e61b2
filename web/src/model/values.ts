// A node's values by name. Files hold them by position, with places between them that are no inputs: what happens to a seed
// after each run, a filter, a button.

import type { InputDefinition, NodeDefinition, WidgetDefinition } from './definition';
import { UPLOAD_OPTIONS } from './editor_names';
import type { GraphNode } from './document';
import { isArray, isObject, keysOf, type Json, type JsonObject } from './json';

export type Control = 'fixed' | 'increment' | 'decrement' | 'randomize';
export const CONTROLS: readonly Control[] = ['fixed', 'increment', 'decrement', 'randomize'];

export interface ValueSlot {
  readonly kind: 'value' | 'control' | 'filter' | 'button';
  readonly input: InputDefinition;
}

/// The places of `widgets_values`, in order.
export function valueSlots(definition: NodeDefinition): ValueSlot[] {
  const slots: ValueSlot[] = [];
  const upload = definition.inputs.find((input) => UPLOAD_OPTIONS.some((name) => input.options[name] === true));
  const add = (inputs: readonly InputDefinition[]) => {
    for (const input of inputs) {
      if (input.widget !== null) slots.push(...slotsOf(input, input.widget));
    }
  };
  add(definition.inputs.filter((input) => input.required || definition.origin === 'subgraph'));
  if (upload !== undefined && definition.origin === 'server') slots.push({ kind: 'button', input: upload });
  if (definition.origin !== 'subgraph') add(definition.inputs.filter((input) => !input.required));
  return slots;
}

function slotsOf(input: InputDefinition, widget: WidgetDefinition): ValueSlot[] {
  const value: ValueSlot = { kind: 'value', input };
  if (!('control' in widget) || !widget.control) return [value];
  const control: ValueSlot = { kind: 'control', input };
  return widget.kind === 'choice' ? [value, control, { kind: 'filter', input }] : [value, control];
}

/// The value of every widget, by name; what the file lacks is the default.
export function valuesOf(node: GraphNode, definition: NodeDefinition): Map<string, Json> {
  const stored = storedValues(node, definition);
  const result = new Map<string, Json>();
  valueSlots(definition).forEach((slot, i) => {
    if (slot.kind !== 'value') return;
    const value = stored[i];
    result.set(slot.input.name, value === undefined ? defaultOf(slot.input) : value);
  });
  return result;
}

export function valueOf(node: GraphNode, definition: NodeDefinition, name: string): Json | undefined {
  return valuesOf(node, definition).get(name);
}

/// What happens to a value after each run; null: it has no such control.
export function controlOf(node: GraphNode, definition: NodeDefinition, name: string): Control | null {
  const place = placeOf(definition, name, 'control');
  return place === -1 ? null : asControl(storedValues(node, definition)[place]);
}

function asControl(value: Json | undefined): Control {
  if (value === true) return 'randomize';
  return CONTROLS.find((control) => control === value) ?? 'fixed';
}

/// `widgets_values` with one of them changed, in the form they had.
export function withValue(node: GraphNode, definition: NodeDefinition, name: string, value: Json): Json | undefined {
  return withPlace(node, definition, placeOf(definition, name, 'value'), value);
}

export function withControl(node: GraphNode, definition: NodeDefinition, name: string, control: Control): Json | undefined {
  return withPlace(node, definition, placeOf(definition, name, 'control'), control);
}

function withPlace(node: GraphNode, definition: NodeDefinition, place: number, value: Json): Json | undefined {
  if (place === -1) return node.values;
  const stored = storedValues(node, definition);
  const slots = valueSlots(definition);
  const filled = Array.from({ length: Math.max(stored.length, place + 1) }, (_, i) => {
    const old = stored[i];
    return old === undefined ? placeDefault(slots[i] as ValueSlot, 'fixed') : old;
  });
  filled[place] = value;
  if (!isCounted(node.values)) return filled;
  return { ...node.values, [place]: value, length: filled.length, ...Object.fromEntries(filled.map((item, i) => [String(i), item])) };
}

/// The values of a new node, or those of another with these names.
export function makeValues(definition: NodeDefinition, named: ReadonlyMap<string, Json> = new Map(), control: Control = 'randomize'): Json[] | undefined {
  const slots = valueSlots(definition);
  if (slots.length === 0) return undefined;
  return slots.map((slot) => {
    const value = slot.kind === 'value' ? named.get(slot.input.name) : undefined;
    return value === undefined ? placeDefault(slot, control) : value;
  });
}

export function defaultOf(input: InputDefinition): Json {
  return input.widget === null ? null : input.widget.default;
}

function placeDefault(slot: ValueSlot, control: Control): Json {
  switch (slot.kind) {
    case 'value':
      return defaultOf(slot.input);
    case 'control':
      return control;
    case 'filter':
      return '';
    case 'button':
      return 'image';
  }
}

function placeOf(definition: NodeDefinition, name: string, kind: ValueSlot['kind']): number {
  return valueSlots(definition).findIndex((slot) => slot.kind === kind && slot.input.name === name);
}

/// The stored values by place, `forceInput` ones dropped: files before 1.16 had a value for them too.
function storedValues(node: GraphNode, definition: NodeDefinition): readonly Json[] {
  const values = listed(node.values);
  const forced = definition.inputs.filter(isForced).length;
  if (forced === 0 || values.length !== valueSlots(definition).length + forced) return values;
  const withForced = valueSlots({ ...definition, inputs: definition.inputs.map(withPlainWidget) });
  return values.filter((_, i) => !isForced((withForced[i] as ValueSlot).input));
}

function isForced(input: InputDefinition): boolean {
  return input.options.forceInput === true && ['INT', 'FLOAT', 'STRING', 'BOOLEAN', 'COMBO'].includes(input.type);
}

function withPlainWidget(input: InputDefinition): InputDefinition {
  return isForced(input) ? { ...input, widget: { kind: 'other', default: null, widgetType: '' } } : input;
}

function listed(values: Json | undefined): readonly Json[] {
  if (isArray(values)) return values;
  if (!isCounted(values)) return [];
  const count = Math.min(Number(values.length), 10_000);
  return Array.from({ length: count }, (_, i) => values[String(i)] ?? null);
}

/// An object with the keys "0", "1"... and `length` counts as a list.
function isCounted(values: Json | undefined): values is JsonObject {
  return isObject(values) && typeof values.length === 'number' && values.length >= 0;
}

/// The values of a node without a definition, each with a name to show.
export function namelessValues(node: GraphNode): (readonly [name: string, value: Json])[] {
  if (isObject(node.values) && !isCounted(node.values)) {
    const named = node.values;
    return keysOf(named).map((key) => [key, named[key] as Json]);
  }
  return listed(node.values).map((value, i) => [`value ${i + 1}`, value]);
}
