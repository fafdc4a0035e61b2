// JSON without loss: whole numbers beyond 2^53 are bigints, and the order of keys survives, also of keys that look like
// numbers (which JavaScript's objects would sort).

import { JsonReader } from './json_reader';

export type Json = null | boolean | number | bigint | string | JsonArray | JsonObject;
export type JsonArray = readonly Json[];
export interface JsonObject {
  readonly [key: string]: Json;
}

/// The order of an object's keys, where JavaScript's own order differs. A symbol, so that spreading an object keeps it.
export const KEY_ORDER: unique symbol = Symbol('key order');

export interface Ordered {
  readonly [KEY_ORDER]?: readonly string[];
}

/// A text that is not JSON: what is wrong, and where.
export class JsonError extends Error {}

export interface JsonLimits {
  /// Longest text, in UTF-16 units.
  readonly length: number;
  /// Deepest nesting of lists and objects.
  readonly depth: number;
}

export const DEFAULT_LIMITS: JsonLimits = { length: 64 * 1024 * 1024, depth: 200 };

/// Throws JsonError, and nothing else, whatever the text. NaN and Infinity, which Python writes, are read as null.
export function parseJson(text: string, limits: JsonLimits = DEFAULT_LIMITS): Json {
  if (text.length > limits.length) {
    throw new JsonError(`the text has ${text.length} characters; at most ${limits.length} are read`);
  }
  return new JsonReader(text, limits.depth).read();
}

/// `indent` as in JSON.stringify: the number of blanks a level, 0 for one line.
export function writeJson(value: Json, indent = 0): string {
  return write(value, indent === 0 ? '' : ' '.repeat(indent), '', 0);
}

/// Values never change, so what was written of one stands. Kept for the records of a document (nodes, links), which are
/// written again after every edit while hardly one of them is new.
const written = new WeakMap<JsonArray | JsonObject, string>();
const RECORD_DEPTH = 2;

function write(value: Json, step: string, margin: string, depth: number): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return writeNumber(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (depth !== RECORD_DEPTH || step !== '') return writeItems(value, step, margin, depth);
  const text = written.get(value) ?? writeItems(value, step, margin, depth);
  written.set(value, text);
  return text;
}

function writeItems(value: JsonArray | JsonObject, step: string, margin: string, depth: number): string {
  const inner = margin + step;
  const items = isArray(value)
    ? value.map((item) => write(item, step, inner, depth + 1))
    : keysOf(value).map((key) => `${JSON.stringify(key)}:${step && ' '}${write(value[key] as Json, step, inner, depth + 1)}`);
  const [open, close] = isArray(value) ? '[]' : '{}';
  if (items.length === 0) return `${open}${close}`;
  if (step === '') return `${open}${items.join(',')}${close}`;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${margin}${close}`;
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  return Object.is(value, -0) ? '-0' : String(value);
}

/// The keys in the order in which they were read; keys added since come last. Keys that hold undefined do not count.
export function keysOf(object: JsonObject & Ordered): string[] {
  const keys = Object.keys(object).filter((key) => object[key] !== undefined);
  const order = object[KEY_ORDER];
  if (order === undefined) return keys;
  const present = new Set(keys);
  const known = order.filter((key) => present.delete(key));
  return [...known, ...keys.filter((key) => present.has(key))];
}

export function isArray(value: Json | undefined): value is JsonArray {
  return Array.isArray(value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/// Equal as values: the order of keys means nothing, 1 equals 1n.
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return isNumeric(a) && isNumeric(b) && a == b;
  }
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  if (isArray(b)) return false;
  const keys = keysOf(a);
  return keys.length === keysOf(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}

function isNumeric(value: Json | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
