// What the canvas does to the document. Every function is one step of undo.

import { connect, insertOnLink } from '../model/commands/links';
import * as values from '../model/commands/values';
import { applyPositions, moveNodes, resizeNode } from '../model/commands/look';
import { whyNotConnect as whyNot } from '../model/connection';
import type { GraphId, Point } from '../model/document';
import { graphOf } from '../model/document';
import { downstream, indexOf } from '../model/links';
import type { Json } from '../model/json';
import type { Control } from '../model/values';
import { notify } from '../state/notices';
import type { Tab } from '../state/tabs';
import type { Transaction } from '../model/transaction';
import type { Outcome } from '../model/outcome';
import { MIN_WIDTH, TITLE } from './geometry';

const MIN_HEIGHT = 20;

export interface OutputEnd {
  node: string;
  slot: number;
}

export interface InputEnd {
  node: string;
  input: string;
}

/** A refusal is said; nothing is refused in silence. */
export function tell<T>(outcome: Outcome<T>): T | undefined {
  if (outcome.ok) return outcome.value;
  notify('warn', sentence(outcome.reason));
  return undefined;
}

export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

export function setValue(tab: Tab, graphId: GraphId, node: string, name: string, value: Json, merge?: string): void {
  tab.editor.transact(`Set ${name}`, (tx) => values.setValue(tx, graphId, node, name, value), { merge });
}

export function setControl(tab: Tab, graphId: GraphId, node: string, name: string, control: Control): void {
  tab.editor.transact(`Set what follows a run of ${name}`, (tx) => values.setControl(tx, graphId, node, name, control));
}

export function setNoteText(tab: Tab, graphId: GraphId, node: string, text: string): void {
  tab.editor.transact('Edit note', (tx) => tx.update(graphId, 'nodes', node, { values: [text] }), { merge: `${node}/note` });
}

/** Makes a node as large as this on the canvas, its title included. */
export function resize(tab: Tab, graphId: GraphId, node: string, width: number, height: number): void {
  const size: Point = [Math.max(MIN_WIDTH, width), Math.max(MIN_HEIGHT, height - TITLE)];
  tab.editor.transact('Resize', (tx) => resizeNode(tx, graphId, node, size), { merge: `size/${node}` });
}

/** Why an output may not feed an input, in words; undefined: it may. */
export function whyNotConnect(tab: Tab, graphId: GraphId, from: OutputEnd, to: InputEnd): string | undefined {
  const graph = graphOf(tab.editor.document, graphId);
  if (!graph) return 'There is no such graph.';
  const reason = whyNot(tab.editor.document, tab.editor.registry, graph, from, to);
  return reason ? sentence(reason) : undefined;
}

export function link(tab: Tab, graphId: GraphId, from: OutputEnd, to: InputEnd): boolean {
  return tell(tab.editor.transact('Link', (tx) => connect(tx, graphId, from, to))) !== undefined;
}

export interface Moved {
  nodes: Map<string, Point>;
  groups: Map<string, Point>;
  reroutes: Map<string, Point>;
}

/** Moves things, and puts the node that was dropped on a link into it. */
export function moveThings(tab: Tab, graphId: GraphId, moved: Moved, insertion: { node: string; link: string } | null): void {
  tab.editor.transact(insertion ? 'Insert into link' : 'Move', (tx) => {
    applyPositions(tx, graphId, moved.nodes);
    for (const [id, pos] of moved.reroutes) tx.update(graphId, 'reroutes', id, { pos });
    for (const [id, [x, y]] of moved.groups) {
      const [, , width, height] = tx.row(graphId, 'groups', id).bounding;
      tx.update(graphId, 'groups', id, { bounding: [x, y, width, height] });
    }
    if (!insertion) return;
    if (tell(insertOnLink(tx, graphId, insertion.node, insertion.link))) makeRoom(tx, graphId, insertion.node);
  });
}

/** What follows an inserted node and would lie under it goes to the right. */
function makeRoom(tx: Transaction, graphId: GraphId, id: string): void {
  const graph = tx.graph(graphId);
  const node = tx.row(graphId, 'nodes', id);
  const right = node.pos[0] + node.size[0] + 40;
  const next = (indexOf(graph).from.get(id) ?? []).map((one) => graph.nodes.get(one.to)).filter((row) => row !== undefined);
  const shift = Math.max(0, ...next.map((row) => right - row.pos[0]));
  if (shift > 0 && shift < node.size[0] * 2) moveNodes(tx, graphId, downstream(graph, [id]), [shift, 0]);
}
