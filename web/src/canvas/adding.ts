// Adding nodes, and linking them to what they were added for.

import { connect } from '../model/commands/links';
import { addNode } from '../model/commands/nodes';
import { inputType, outputType } from '../model/connection';
import type { NodeDefinition } from '../model/definition';
import type { GraphId, Point } from '../model/document';
import { graphOf } from '../model/document';
import { typesFit } from '../model/types';
import type { Transaction } from '../model/transaction';
import { setPreferences, usePreferences } from '../state/preferences';
import { select, useSelection } from '../state/selection';
import { say } from '../state/notices';
import { shownGraphId, type Tab } from '../state/tabs';
import type { LinkEnd } from './connecting';
import { tell } from './edit';
import { useDroppedLink } from './gestures';

/** The type at the end of a link that is being drawn. */
export function typeOfEnd(tab: Tab, graphId: GraphId, from: LinkEnd): string {
  const { document, registry } = tab.editor;
  const graph = graphOf(document, graphId);
  if (!graph) return '*';
  const type = from.side === 'output' ? outputType(document, registry, graph, from.end) : inputType(document, registry, graph, from.end);
  return type ?? '*';
}

const inputFor = (definition: NodeDefinition, type: string) =>
  definition.inputs.find((input) => input.type === type && !input.widget) ?? definition.inputs.find((input) => typesFit(type, input.type));
const outputFor = (definition: NodeDefinition, type: string): number => {
  const exact = definition.outputs.findIndex((output) => output.type === type);
  return exact >= 0 ? exact : definition.outputs.findIndex((output) => typesFit(output.type, type));
};

/** The definitions that a link may end at. */
export function fitting(tab: Tab, from: LinkEnd, definitions: readonly NodeDefinition[]): NodeDefinition[] {
  const type = typeOfEnd(tab, shownGraphId(tab), from);
  return definitions.filter((definition) =>
    from.side === 'output' ? inputFor(definition, type) !== undefined : outputFor(definition, type) >= 0,
  );
}

/** One step: the node, and the link it was added for. With `again` the next one is linked to this one. */
export function addAndLink(tab: Tab, definition: NodeDefinition, at: Point, from: LinkEnd | null, again: boolean): string | undefined {
  const graph = shownGraphId(tab);
  const chained = from ?? (again ? chainEnd(tab) : null);
  const id = tab.editor.transact(`Add ${definition.displayName}`, (tx) => {
    const place = freePlace(tx, graph, at);
    const added = tell(addNode(tx, graph, definition, place));
    if (added !== undefined && chained) linkTo(tx, tab, graph, added, definition, chained);
    return added;
  });
  if (id === undefined) return undefined;
  select({ nodes: [id] });
  useDroppedLink.setState({ from: null });
  const { recentNodes } = usePreferences.getState();
  setPreferences({ recentNodes: [definition.type, ...recentNodes.filter((type) => type !== definition.type)].slice(0, 12) });
  say(`${definition.displayName} added`);
  return id;
}

function linkTo(tx: Transaction, tab: Tab, graph: GraphId, added: string, definition: NodeDefinition, from: LinkEnd): void {
  const type = typeOfEnd(tab, graph, from);
  if (from.side === 'output') {
    const input = inputFor(definition, type);
    if (input) tell(connect(tx, graph, from.end, { node: added, input: input.name }));
    return;
  }
  const slot = outputFor(definition, type);
  if (slot >= 0) tell(connect(tx, graph, { node: added, slot }, from.end));
}

/** The first output of the node that has the focus. */
function chainEnd(tab: Tab): LinkEnd | null {
  const { focus } = useSelection.getState();
  const node = graphOf(tab.editor.document, shownGraphId(tab))?.nodes.get(focus);
  return node && node.outputs.length > 0 ? { side: 'output', end: { node: focus, slot: 0 } } : null;
}

/** Not exactly on another node. */
function freePlace(tx: Transaction, graph: GraphId, [x, y]: Point): Point {
  const taken = tx.graph(graph).nodes.rows().map((node) => node.pos);
  let place: Point = [x, y];
  while (taken.some(([a, b]) => Math.abs(a - place[0]) < 20 && Math.abs(b - place[1]) < 20)) place = [place[0] + 30, place[1] + 30];
  return place;
}
