// Rows that did not come from a file, with their records as the stock editor would write them.

import type { BoundarySlot, GraphNode, Group, InputSocket, Link, LinkId, OutputSocket, Point, Rect, Reroute } from './document';
import type { Json, JsonObject } from './json';
import { readGroup, readInput, readNode, readOutput, readReroute, readSlot } from './read_rows';
import { idJson, writeInput, writeOutput } from './write_rows';

export interface NewNode {
  readonly id: string;
  readonly type: string;
  readonly pos: Point;
  readonly size: Point;
  readonly inputs: readonly InputSocket[];
  readonly outputs: readonly OutputSocket[];
  readonly values: Json | undefined;
  readonly title?: string | null;
  readonly properties?: JsonObject;
}

export function newNode(node: NewNode): GraphNode {
  return readNode({
    id: idJson(node.id),
    type: node.type,
    pos: [...node.pos],
    size: [...node.size],
    flags: {},
    order: 0,
    mode: 0,
    inputs: node.inputs.map(writeInput),
    outputs: node.outputs.map(writeOutput),
    ...(node.title == null ? {} : { title: node.title }),
    properties: node.properties ?? {},
    ...(node.values === undefined ? {} : { widgets_values: node.values }),
  });
}

export function newInput(name: string, type: string, widget: string | null = null): InputSocket {
  return readInput(widget === null ? { name, type, link: null } : { name, type, widget: { name: widget }, link: null });
}

export function newOutput(name: string, type: string): OutputSocket {
  return readOutput({ name, type, links: null });
}

export function newLink(link: Omit<Link, 'raw' | 'broken' | 'parent'>): Link {
  return { ...link, parent: null, raw: null, broken: false };
}

export function newReroute(id: string, pos: Point, links: readonly LinkId[], parent: string | null): Reroute {
  const base: JsonObject = parent === null ? { id: idJson(id) } : { id: idJson(id), parentId: idJson(parent) };
  return readReroute({ ...base, pos: [...pos], linkIds: links.map(idJson) }, id);
}

export function newGroup(id: string, title: string, bounding: Rect, color: string): Group {
  return readGroup({ id: idJson(id), title, bounding: [...bounding], color, font_size: 24, flags: {} }, id);
}

export function newSlot(id: string, name: string, type: string, links: readonly LinkId[] = []): BoundarySlot {
  return readSlot({ id, name, type, linkIds: links.map(idJson) });
}

/// A random UUID (version 4). crypto.randomUUID is missing where the page came over plain HTTP from another machine.
export function newUuid(random: () => number = Math.random): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (letter) => {
    const digit = Math.floor(random() * 16);
    return (letter === 'x' ? digit : (digit & 3) | 8).toString(16);
  });
}
