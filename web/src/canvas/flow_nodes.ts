// The document's rows as React Flow's nodes. Objects are made anew only for nodes that look different: a value that was
// typed makes none.

import type { Node } from '@xyflow/react';
import { definitionOf, titleOf } from '../model/definition_of';
import type { NodeDefinition } from '../model/definition';
import { INPUT_NODE, OUTPUT_NODE, type Graph, type GraphNode, type Group, type Reroute } from '../model/document';
import type { Tab } from '../state/tabs';
import { stepId } from '../state/tabs';
import type { Shown } from '../state/runs';
import { boundaryNodes } from './boundary';
import { layoutOf, TITLE } from './geometry';
import { handlesOf } from './handles';
import { colourOf } from './types';

export const groupId = (id: string): string => `group:${id}`;
export const rerouteId = (id: string): string => `reroute:${id}`;
export const isNodeId = (id: string): boolean => !id.startsWith('group:') && !id.startsWith('reroute:') && id !== INPUT_NODE && id !== OUTPUT_NODE;

interface Remembered {
  definition: NodeDefinition | undefined;
  picture: boolean;
  selected: boolean;
  node: Node;
}
const remembered = new WeakMap<GraphNode, Remembered>();

export interface Chosen {
  nodes: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  reroutes: ReadonlySet<string>;
}

/** What a node shows in a picture of the graph. */
export interface NodeLook extends Record<string, unknown> {
  title: string;
  colour: string;
  /** Whether it has pictures. */
  picture: boolean;
}

/** The last answer for each graph, which stands for all that did not change since. */
const answers = new WeakMap<Graph, Node[]>();

export function flowNodes(tab: Tab, graph: Graph, chosen: Chosen, made: Record<string, Shown>, pictures: Record<string, string>): Node[] {
  const before = answers.get(graph) ?? [];
  const places = new Map(before.map((node) => [node.id, node]));
  const now = makeNodes(tab, graph, chosen, made, pictures).map((node) => {
    const known = places.get(node.id);
    return known && looksSame(known, node) ? known : node;
  });
  if (now.length === before.length && now.every((node, i) => node === before[i])) return before;
  answers.set(graph, now);
  return now;
}

function looksSame(a: Node, b: Node): boolean {
  return a === b || (a.selected === b.selected && JSON.stringify(a) === JSON.stringify(b));
}

function makeNodes(tab: Tab, graph: Graph, chosen: Chosen, made: Record<string, Shown>, pictures: Record<string, string>): Node[] {
  const { document, registry } = tab.editor;
  const steps = graph.nodes.rows().map((row) => {
    const step = stepId(tab, row.id);
    const definition = definitionOf(document, graph, row, registry);
    const picture = (made[step]?.images.length ?? 0) > 0 || made[step]?.text !== undefined || pictures[step] !== undefined;
    const selected = chosen.nodes.has(row.id);
    const known = remembered.get(row);
    if (known && known.definition === definition && known.picture === picture && known.selected === selected) return known.node;
    const node = stepNode(row, definition, picture, selected);
    remembered.set(row, { definition, picture, selected, node });
    return node;
  });
  const groups = graph.groups.rows().map((group) => groupNode(group, chosen.groups.has(group.id)));
  const reroutes = graph.reroutes.rows().map((reroute) => rerouteNode(reroute, chosen.reroutes.has(reroute.id)));
  return [...groups, ...steps, ...reroutes, ...boundaryNodes(graph)];
}

function stepNode(row: GraphNode, definition: NodeDefinition | undefined, picture: boolean, selected: boolean): Node {
  const layout = layoutOf(row, definition, picture);
  const { width, height } = layout;
  const colour = row.color ?? (definition?.outputs[0] ? colourOf(definition.outputs[0].type) : 'var(--line)');
  const data: NodeLook = { title: titleOf(row, definition), colour, picture };
  return {
    id: row.id,
    type: definition?.origin === 'note' ? 'note' : 'step',
    position: { x: row.pos[0], y: row.pos[1] - TITLE },
    data,
    width,
    height,
    measured: { width, height },
    handles: handlesOf(layout),
    selected,
    draggable: row.flags.pinned !== true,
    dragHandle: '.node-title',
    // One tab stop for the canvas; the keys of commands.ts move the focus within.
    focusable: false,
    zIndex: selected ? 1000 : 0,
  };
}

function groupNode(group: Group, selected: boolean): Node {
  const [x, y, width, height] = group.bounding;
  return {
    id: groupId(group.id),
    type: 'group-box',
    position: { x, y },
    data: { title: group.title, color: group.color, colour: group.color ?? 'var(--line)', collapsed: group.flags.collapsed === true },
    width,
    height,
    measured: { width, height },
    selected,
    dragHandle: '.group-title',
    focusable: false,
    zIndex: -10,
  };
}

function rerouteNode(reroute: Reroute, selected: boolean): Node {
  return {
    id: rerouteId(reroute.id),
    type: 'reroute',
    position: { x: reroute.pos[0] - 8, y: reroute.pos[1] - 8 },
    data: {},
    width: 16,
    height: 16,
    measured: { width: 16, height: 16 },
    selected,
    focusable: false,
    zIndex: 10,
  };
}
