// What the server declares of its node types, and the few types that only editors know (notes, reroutes, primitives).
// Read from /object_info by object_info.ts. No node type is named here.

import type { Json, JsonObject } from './json';

export type WidgetDefinition =
  | IntWidget
  | FloatWidget
  | TextWidget
  | BooleanWidget
  | ChoiceWidget
  | OtherWidget;

export interface IntWidget {
  readonly kind: 'int';
  readonly default: number | bigint;
  readonly min: number | bigint | null;
  readonly max: number | bigint | null;
  readonly step: number | bigint;
  /// Whether a value follows that says what happens to it after each run: fixed, increment, decrement, randomize.
  readonly control: boolean;
}

export interface FloatWidget {
  readonly kind: 'float';
  readonly default: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number;
  /// Values are rounded to a multiple of this; null: not at all.
  readonly round: number | null;
  /// Only of primitives.
  readonly control: boolean;
}

export interface TextWidget {
  readonly kind: 'text';
  readonly default: string;
  readonly multiline: boolean;
  readonly dynamicPrompts: boolean;
  readonly placeholder: string;
}

export interface BooleanWidget {
  readonly kind: 'boolean';
  readonly default: boolean;
  readonly labelOn: string | null;
  readonly labelOff: string | null;
}

export interface ChoiceWidget {
  readonly kind: 'choice';
  readonly default: Json;
  readonly choices: readonly Json[];
  /// What can be uploaded into it; null: nothing.
  readonly upload: 'image' | 'video' | 'audio' | 'file' | null;
  readonly multiselect: boolean;
  readonly control: boolean;
}

/// A type that names a widget of its own.
export interface OtherWidget {
  readonly kind: 'other';
  readonly default: Json;
  readonly widgetType: string;
}

export interface InputDefinition {
  readonly name: string;
  /// "COMBO" for a list of choices.
  readonly type: string;
  readonly required: boolean;
  /// null: a socket only.
  readonly widget: WidgetDefinition | null;
  readonly tooltip: string;
  readonly advanced: boolean;
  readonly options: JsonObject;
}

export interface OutputDefinition {
  readonly name: string;
  readonly type: string;
  readonly tooltip: string;
  readonly isList: boolean;
}

export interface NodeDefinition {
  readonly type: string;
  readonly displayName: string;
  readonly category: string;
  readonly description: string;
  /// Other words to find it by.
  readonly aliases: readonly string[];
  readonly isOutput: boolean;
  readonly deprecated: boolean;
  readonly experimental: boolean;
  /// The server's; those that only editors know, which never become steps; or defined in the document.
  readonly origin: 'server' | 'note' | 'reroute' | 'primitive' | 'subgraph';
  /// Required ones first, each in order of declaration. Hidden inputs are left out.
  readonly inputs: readonly InputDefinition[];
  readonly outputs: readonly OutputDefinition[];
}

/// Node definitions by type. `get` also knows old names of types.
export interface Registry {
  get(type: string): NodeDefinition | undefined;
  all(): readonly NodeDefinition[];
}

export const EMPTY_REGISTRY: Registry = { get: () => undefined, all: () => [] };
