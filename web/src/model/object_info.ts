// /object_info as a registry of node definitions.

import { NOTE_TYPES, PRIMITIVE_TYPES, RENAMED_TYPES, REROUTE_TYPES, SEED_NAMES } from './editor_names';
import type { InputDefinition, NodeDefinition, OutputDefinition, Registry, WidgetDefinition } from './definition';
import { isArray, isObject, type Json, type JsonObject } from './json';
import { field, list, number, object, text } from './read_rows';

export function readObjectInfo(json: Json): Registry {
  const declared = Object.entries(object(json)).filter(([, info]) => isObject(info)).map(([type, info]) => readNodeInfo(type, info as JsonObject));
  return makeRegistry([...declared, ...editorDefinitions()]);
}

export function makeRegistry(definitions: readonly NodeDefinition[]): Registry {
  const byType = new Map(definitions.map((definition) => [definition.type, definition]));
  return {
    get: (type) => byType.get(type) ?? byType.get(RENAMED_TYPES.get(type) ?? ''),
    all: () => definitions,
  };
}

function readNodeInfo(type: string, info: JsonObject): NodeDefinition {
  const names = list(info.output_name);
  const tooltips = list(info.output_tooltips);
  const outputs = list(info.output).map((declared, i): OutputDefinition => ({
    name: text(names[i]) ?? typeName(declared),
    type: typeName(declared),
    tooltip: text(tooltips[i]) ?? '',
    isList: list(info.output_is_list)[i] === true,
  }));
  return {
    type,
    displayName: text(info.display_name) || type,
    category: text(info.category) ?? '',
    description: text(info.description) ?? '',
    aliases: list(info.search_aliases).filter((alias) => typeof alias === 'string'),
    isOutput: info.output_node === true,
    deprecated: info.deprecated === true,
    experimental: info.experimental === true,
    origin: 'server',
    inputs: [...readInputs(info, 'required'), ...readInputs(info, 'optional')],
    outputs,
  };
}

function readInputs(info: JsonObject, section: 'required' | 'optional'): InputDefinition[] {
  const specs = object(field(info.input, section));
  const ordered = list(field(info.input_order, section)).filter((name) => typeof name === 'string' && Object.hasOwn(specs, name)) as string[];
  const names = [...new Set([...ordered, ...Object.keys(specs)])];
  return names.map((name) => readInput(name, specs[name] as Json, section === 'required'));
}

function readInput(name: string, spec: Json, required: boolean): InputDefinition {
  const [declared, second] = isArray(spec) ? spec : [spec];
  const options = object(second);
  return {
    name,
    type: typeName(declared),
    required,
    widget: options.forceInput === true ? null : readWidget(name, declared, options),
    tooltip: text(options.tooltip) ?? '',
    advanced: options.advanced === true,
    options,
  };
}

function typeName(declared: Json | undefined): string {
  return isArray(declared) ? 'COMBO' : (text(declared) ?? '*');
}

function readWidget(name: string, declared: Json | undefined, options: JsonObject): WidgetDefinition | null {
  switch (typeName(declared)) {
    case 'INT':
      return {
        kind: 'int', default: whole(options.default) ?? 0, min: whole(options.min), max: whole(options.max),
        step: whole(options.step) ?? 1, control: SEED_NAMES.includes(name) || hasControl(options),
      };
    case 'FLOAT':
      return {
        kind: 'float', default: number(options.default) ?? 0, min: number(options.min), max: number(options.max),
        step: number(options.step) ?? 0.1, round: number(options.round), control: false,
      };
    case 'STRING':
      return {
        kind: 'text', default: text(options.default) ?? '', multiline: options.multiline === true,
        dynamicPrompts: options.dynamicPrompts === true, placeholder: text(options.placeholder) ?? '',
      };
    case 'BOOLEAN':
      return {
        kind: 'boolean', default: options.default === true, labelOn: text(options.label_on), labelOff: text(options.label_off),
      };
    case 'COMBO':
      return readChoice(isArray(declared) ? declared : list(options.options), options);
    default:
      return text(options.widgetType) === null
        ? null
        : { kind: 'other', default: options.default ?? null, widgetType: text(options.widgetType) as string };
  }
}

function readChoice(choices: readonly Json[], options: JsonObject): WidgetDefinition {
  const upload = (['image', 'video', 'audio', 'file'] as const).find((kind) => options[`${kind}_upload`] === true);
  return {
    kind: 'choice', choices, default: options.default ?? choices[0] ?? null,
    upload: options.animated_image_upload === true ? 'image' : (upload ?? null),
    multiselect: options.multiselect === true || isObject(options.multi_select), control: hasControl(options),
  };
}

function hasControl(options: JsonObject): boolean {
  const control = options.control_after_generate;
  return control === true || (typeof control === 'string' && control !== '');
}

function whole(value: Json | undefined): number | bigint | null {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' ? Math.trunc(value) : null;
}

/// The types that only editors know.
function editorDefinitions(): NodeDefinition[] {
  const base = {
    category: 'utils', description: '', aliases: [], isOutput: false, deprecated: false, experimental: false, inputs: [], outputs: [],
  };
  const note: InputDefinition = {
    name: 'text', type: 'STRING', required: true, tooltip: '', advanced: false, options: {},
    widget: { kind: 'text', default: '', multiline: true, dynamicPrompts: false, placeholder: '' },
  };
  const through: InputDefinition = { name: '', type: '*', required: false, widget: null, tooltip: '', advanced: false, options: {} };
  const open: OutputDefinition = { name: '', type: '*', tooltip: '', isList: false };
  return [
    ...NOTE_TYPES.map((type): NodeDefinition => ({
      ...base, type, displayName: spaced(type), description: 'A text on the canvas. It does nothing.', aliases: ['comment'], origin: 'note', inputs: [note],
    })),
    ...REROUTE_TYPES.map((type): NodeDefinition => ({
      ...base, type, displayName: spaced(type), description: 'Passes on what it gets.', origin: 'reroute', inputs: [through], outputs: [open],
    })),
    ...PRIMITIVE_TYPES.map((type): NodeDefinition => ({
      ...base, type, displayName: 'Primitive', description: 'One value for one or more widgets.', aliases: [spaced(type)], origin: 'primitive',
      outputs: [{ ...open, name: 'connect to widget input' }],
    })),
  ];
}

function spaced(type: string): string {
  return type.replace(/([a-z])([A-Z])/g, '$1 $2');
}
