// Records of a file, in whichever of their forms, as rows of a document.

import { isArray, isObject, type Json, type JsonObject } from './json';
import type { BoundarySlot, Graph, GraphHeader, GraphNode, Group, InputSocket, Link, OutputSocket, Point, Rect, Reroute } from './document';

const NO_BOX: Rect = [0, 0, 120, 60];

export function readNode(raw: Json, id = idText(field(raw, 'id')) ?? ''): GraphNode {
  return {
    id,
    type: text(field(raw, 'type')) ?? '',
    pos: pair(field(raw, 'pos'), [0, 0]),
    size: pair(field(raw, 'size'), [210, 100]),
    mode: number(field(raw, 'mode')) ?? 0,
    title: text(field(raw, 'title')),
    color: text(field(raw, 'color')),
    bgcolor: text(field(raw, 'bgcolor')),
    flags: object(field(raw, 'flags')),
    inputs: list(field(raw, 'inputs')).map(readInput),
    outputs: list(field(raw, 'outputs')).map(readOutput),
    values: field(raw, 'widgets_values'),
    properties: object(field(raw, 'properties')),
    raw,
  };
}

export function readInput(raw: Json): InputSocket {
  return {
    name: text(field(raw, 'name')) ?? '',
    type: typeText(field(raw, 'type')),
    link: idText(field(raw, 'link')),
    widget: text(field(field(raw, 'widget'), 'name')),
    label: text(field(raw, 'label')),
    raw,
  };
}

export function readOutput(raw: Json): OutputSocket {
  return {
    name: text(field(raw, 'name')) ?? '',
    type: typeText(field(raw, 'type')),
    links: ids(field(raw, 'links')),
    label: text(field(raw, 'label')),
    raw,
  };
}

/// `key` stands in for the id of an entry that has none.
export function readLink(raw: Json, key: string, parent: string | null = null): Link {
  const parts = isArray(raw)
    ? raw
    : ['id', 'origin_id', 'origin_slot', 'target_id', 'target_slot', 'type'].map((name) => field(raw, name) ?? null);
  const [id, from, to] = [idText(parts[0]), idText(parts[1]), idText(parts[3])];
  return {
    id: id ?? key,
    from: from ?? '',
    fromSlot: slot(parts[2]),
    to: to ?? '',
    toSlot: slot(parts[4]),
    type: typeText(parts[5]),
    parent: isObject(raw) ? idText(raw.parentId) : parent,
    raw,
    broken: id === null || from === null || to === null,
  };
}

export function readReroute(raw: Json, key: string): Reroute {
  return {
    id: idText(field(raw, 'id')) ?? key,
    pos: pair(field(raw, 'pos'), [0, 0]),
    parent: idText(field(raw, 'parentId')),
    links: ids(field(raw, 'linkIds')),
    raw,
  };
}

export function readGroup(raw: Json, key: string): Group {
  return {
    id: idText(field(raw, 'id')) ?? key,
    title: text(field(raw, 'title')) ?? '',
    bounding: rect(field(raw, 'bounding')),
    color: text(field(raw, 'color')),
    flags: object(field(raw, 'flags')),
    raw,
  };
}

export function readSlot(raw: Json): BoundarySlot {
  return {
    id: idText(field(raw, 'id')) ?? '',
    name: text(field(raw, 'name')) ?? '',
    type: typeText(field(raw, 'type')),
    label: text(field(raw, 'label')),
    links: ids(field(raw, 'linkIds')),
    raw,
  };
}

export function readHeader(raw: JsonObject): GraphHeader {
  const state = raw.state;
  return {
    lastNode: number(field(state, 'lastNodeId')) ?? number(raw.last_node_id) ?? 0,
    lastLink: number(field(state, 'lastLinkId')) ?? number(raw.last_link_id) ?? 0,
    lastGroup: number(field(state, 'lastGroupId')) ?? 0,
    lastReroute: number(field(state, 'lastRerouteId')) ?? 0,
    name: text(raw.name) ?? '',
    inputs: list(raw.inputs).map(readSlot),
    outputs: list(raw.outputs).map(readSlot),
    inputBox: rect(field(raw.inputNode, 'bounding')),
    outputBox: rect(field(raw.outputNode, 'bounding')),
    extra: object(raw.extra),
    raw,
  };
}

/// Whether links made in this graph are written as objects.
export function writesLinkObjects(graph: Pick<Graph, 'header' | 'id'> & { links: Graph['links'] }): boolean {
  const first = graph.links.rows().find((link) => !link.broken && link.raw !== null);
  if (first !== undefined) return isObject(first.raw);
  return graph.id !== '' || graph.header.raw.version === 1;
}

export function field(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function list(value: Json | undefined): readonly Json[] {
  return isArray(value) ? value : [];
}

export function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

export function number(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

/// An id, whether written as a number or as text; null where there is none.
export function idText(value: Json | undefined): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function ids(value: Json | undefined): string[] {
  return list(value).map(idText).filter((id) => id !== null);
}

function slot(value: Json | undefined): number {
  const position = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
  return typeof position === 'number' && Number.isInteger(position) ? position : -1;
}

/// A list of choices is a COMBO; numbers and empty types (old files) fit anything.
function typeText(value: Json | undefined): string {
  if (isArray(value)) return 'COMBO';
  return typeof value === 'string' && value !== '' ? value : '*';
}

function pair(value: Json | undefined, otherwise: Point): Point {
  const [x, y] = isArray(value) ? [value[0], value[1]] : [field(value, '0'), field(value, '1')];
  return typeof x === 'number' && typeof y === 'number' ? [x, y] : otherwise;
}

function rect(value: Json | undefined): Rect {
  const parts = isArray(value) ? value : ['0', '1', '2', '3'].map((name) => field(value, name));
  const [x, y, width, height] = parts;
  if (typeof x !== 'number' || typeof y !== 'number' || typeof width !== 'number' || typeof height !== 'number') return NO_BOX;
  return [x, y, width, height];
}
