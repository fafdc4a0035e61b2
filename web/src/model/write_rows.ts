// Rows as records of a file. A record is what was read, with only those fields changed that commands have changed, each in
// the form that it had.

import { isArray, isObject, sameJson, type Json, type JsonObject } from './json';
import type { BoundarySlot, GraphHeader, GraphNode, Group, InputSocket, Link, OutputSocket, Rect, Reroute } from './document';
import { field, list, object, readGroup, readHeader, readInput, readLink, readNode, readOutput, readReroute, readSlot } from './read_rows';

type Fields = Record<string, Json>;

// Rows never change, so what was written of one stands.
const written = new WeakMap<GraphNode, Json>();

export function writeNode(node: GraphNode): Json {
  const known = written.get(node);
  if (known !== undefined) return known;
  const record = makeNodeRecord(node);
  written.set(node, record);
  return record;
}

function makeNodeRecord(node: GraphNode): Json {
  const before = readNode(node.raw, node.id);
  const record = new RecordWriter(node.raw);
  record.set('type', before.type, node.type);
  record.setNumbers('pos', before.pos, node.pos);
  record.setNumbers('size', before.size, node.size);
  record.set('mode', before.mode, node.mode);
  record.set('title', before.title, node.title);
  record.set('color', before.color, node.color);
  record.set('bgcolor', before.bgcolor, node.bgcolor);
  record.set('flags', before.flags, node.flags);
  record.setList('inputs', before.inputs, node.inputs, writeInput);
  record.setList('outputs', before.outputs, node.outputs, writeOutput);
  record.set('properties', before.properties, node.properties);
  record.set('widgets_values', before.values ?? null, node.values ?? null);
  return record.result();
}

export function writeInput(input: InputSocket): Json {
  const before = readInput(input.raw);
  const record = new RecordWriter(input.raw);
  record.set('name', before.name, input.name);
  record.set('type', before.type, input.type);
  record.set('label', before.label, input.label);
  if (before.widget !== input.widget) {
    record.put('widget', input.widget === null ? null : { ...object(field(input.raw, 'widget')), name: input.widget });
  }
  if (before.link !== input.link) record.put('link', input.link === null ? null : idJson(input.link), true);
  return record.result();
}

export function writeOutput(output: OutputSocket): Json {
  const before = readOutput(output.raw);
  const record = new RecordWriter(output.raw);
  record.set('name', before.name, output.name);
  record.set('type', before.type, output.type);
  record.set('label', before.label, output.label);
  if (!sameJson(before.links, output.links)) record.put('links', output.links.map(idJson));
  return record.result();
}

export function writeLink(link: Link, asObject: boolean): Json {
  if (link.broken) return link.raw;
  if (link.raw === null) return newLink(link, asObject);
  const before = readLink(link.raw, link.id);
  const parts: readonly (readonly [string, Json, Json])[] = [
    ['id', '', ''],  // never changes
    ['origin_id', before.from, link.from],
    ['origin_slot', before.fromSlot, link.fromSlot],
    ['target_id', before.to, link.to],
    ['target_slot', before.toSlot, link.toSlot],
    ['type', before.type, link.type],
  ];
  const isId = (name: string) => name.endsWith('id');
  const form = (name: string, value: Json) => (isId(name) ? idJson(String(value)) : value);
  if (isArray(link.raw)) return link.raw.map((old, i) => {
    const part = parts[i];
    return part === undefined || part[1] === part[2] ? old : form(part[0], part[2]);
  });
  const record = new RecordWriter(link.raw);
  for (const [name, old, now] of parts) if (old !== now) record.put(name, form(name, now));
  if (before.parent !== link.parent) record.put('parentId', link.parent === null ? null : idJson(link.parent));
  return record.result();
}

function newLink(link: Link, asObject: boolean): Json {
  const { id, from, fromSlot, to, toSlot, type, parent } = link;
  if (!asObject) return [idJson(id), idJson(from), fromSlot, idJson(to), toSlot, type];
  const record: Fields = {
    id: idJson(id), origin_id: idJson(from), origin_slot: fromSlot, target_id: idJson(to), target_slot: toSlot, type,
  };
  return parent === null ? record : { ...record, parentId: idJson(parent) };
}

export function writeReroute(reroute: Reroute): Json {
  const before = readReroute(reroute.raw, reroute.id);
  const record = new RecordWriter(reroute.raw);
  if (before.parent !== reroute.parent) record.put('parentId', reroute.parent === null ? null : idJson(reroute.parent));
  record.setNumbers('pos', before.pos, reroute.pos);
  if (!sameJson(before.links, reroute.links)) record.put('linkIds', reroute.links.map(idJson));
  return record.result();
}

export function writeGroup(group: Group): Json {
  const before = readGroup(group.raw, group.id);
  const record = new RecordWriter(group.raw);
  record.set('title', before.title, group.title);
  record.setNumbers('bounding', before.bounding, group.bounding);
  record.set('color', before.color, group.color);
  record.set('flags', before.flags, group.flags);
  return record.result();
}

export function writeSlot(slot: BoundarySlot): Json {
  const before = readSlot(slot.raw);
  const record = new RecordWriter(slot.raw);
  record.set('id', before.id, slot.id);
  record.set('name', before.name, slot.name);
  record.set('type', before.type, slot.type);
  if (!sameJson(before.links, slot.links)) record.put('linkIds', slot.links.map(idJson));
  record.set('label', before.label, slot.label);
  return record.result();
}

/// The header's own fields; tables are put in by io/editor_format.ts.
export function writeHeader(header: GraphHeader): JsonObject {
  const before = readHeader(header.raw);
  const record = new RecordWriter(header.raw);
  const counters: readonly (readonly ['lastNode' | 'lastLink' | 'lastGroup' | 'lastReroute', string, string | null])[] = [
    ['lastNode', 'lastNodeId', 'last_node_id'],
    ['lastLink', 'lastLinkId', 'last_link_id'],
    ['lastGroup', 'lastGroupId', null],
    ['lastReroute', 'lastRerouteId', null],
  ];
  for (const [name, inState, atRoot] of counters) {
    if (before[name] === header[name]) continue;
    if (isObject(header.raw.state)) record.put('state', { ...object(record.get('state')), [inState]: header[name] });
    else if (atRoot !== null) record.put(atRoot, header[name]);
  }
  record.set('name', before.name, header.name);
  record.setList('inputs', before.inputs, header.inputs, writeSlot);
  record.setList('outputs', before.outputs, header.outputs, writeSlot);
  record.setBox('inputNode', before.inputBox, header.inputBox);
  record.setBox('outputNode', before.outputBox, header.outputBox);
  record.set('extra', before.extra, header.extra);
  return record.result() as JsonObject;
}

/// Ids that are whole numbers are written as numbers.
export function idJson(id: string): Json {
  return /^(0|-?[1-9]\d{0,14})$/.test(id) ? Number(id) : id;
}

class RecordWriter {
  private fields: Fields | null = null;

  constructor(private readonly raw: Json) {}

  get(name: string): Json | undefined {
    return this.fields === null ? field(this.raw, name) : this.fields[name];
  }

  /// null takes the field away, unless it is to stay as null.
  put(name: string, value: Json, keepNull = false): void {
    this.fields ??= { ...object(this.raw) };
    if (value === null && !keepNull) delete this.fields[name];
    else this.fields[name] = value;
  }

  set(name: string, before: Json, now: Json): void {
    if (!sameJson(before, now)) this.put(name, now);
  }

  /// Positions and sizes, as a list or as an object with the keys "0", "1"...
  setNumbers(name: string, before: readonly number[], now: readonly number[]): void {
    if (before.every((value, i) => value === now[i])) return;
    const old = this.get(name);
    this.put(name, isObject(old) ? { ...old, ...now } : [...now]);
  }

  setList<T>(name: string, before: readonly T[], now: readonly T[], writeRow: (row: T) => Json): void {
    const rows = now.map(writeRow);
    if (before.length === now.length && rows.every((row, i) => row === list(this.get(name))[i])) return;
    this.put(name, rows);
  }

  setBox(name: string, before: Rect, now: Rect): void {
    if (sameJson(before, now)) return;
    this.put(name, { ...object(this.get(name)), bounding: [...now] });
  }

  result(): Json {
    return this.fields ?? this.raw;
  }
}
