// One random command after the other, as a user would give them.

import { clipboardJson, copyText } from '../../src/model/clipboard';
import { definitionOf, subgraphDefinition } from '../../src/model/definition_of';
import { allGraphs, ROOT, type Graph, type GraphId, type NodeId, type Point } from '../../src/model/document';
import type { Editor } from '../../src/model/editor';
import { indexOf } from '../../src/model/links';
import { inputViews, outputViews } from '../../src/model/sockets';
import { valuesOf } from '../../src/model/values';
import { advanceSeeds } from '../../src/model/seeds';
import type { Transaction } from '../../src/model/transaction';
import { exposeInput, exposeOutput, moveBoundary, removeBoundary, renameBoundary, renameSubgraph } from '../../src/model/commands/boundary';
import { expandSubgraph } from '../../src/model/commands/expand';
import { addGroup, fitGroup, groupNodes, moveGroup, removeGroups, resizeGroup, setGroupCollapsed, setGroupColor, setGroupTitle } from '../../src/model/commands/groups';
import { connect, disconnect, disconnectOutput, insertOnLink, moveInputLink, moveOutputLinks, removeLinks } from '../../src/model/commands/links';
import { align, applyPositions, distribute, moveNodes, resizeNode, setNodeColor, setTitle, toggleFlag } from '../../src/model/commands/look';
import { addNode, removeAndReconnect, removeNodes, replaceNode } from '../../src/model/commands/nodes';
import { duplicate, paste } from '../../src/model/commands/paste';
import { addReroute, moveReroutes, removeReroutes } from '../../src/model/commands/reroutes';
import { collapseToSubgraph } from '../../src/model/commands/subgraphs';
import { setControl, setMode, setNamelessValue, setValue, socketToWidget, toggleMode, widgetToSocket } from '../../src/model/commands/values';
import { columnLayout } from '../../src/model/column_layout';
import { CONTROLS } from '../../src/model/values';
import type { Random } from './random';

export interface Scene {
  readonly tx: Transaction;
  readonly graph: GraphId;
  readonly view: Graph;
  readonly random: Random;
  readonly some: NodeId[];
  readonly one: NodeId;
}

type Command = (scene: Scene) => void;

const COLORS = [null, '#322', '#232', '#223'];

export const COMMANDS: Readonly<Record<string, Command>> = {
  addNode: ({ tx, graph, random }) => {
    const definition = random.pick([...tx.registry.all(), ...tx.document.definitions.rows().map((each) => subgraphDefinition(tx.document, each, tx.registry))]);
    if (definition !== undefined) addNode(tx, graph, definition, point(random), random.chance(0.3) ? { title: 'own title' } : {});
  },
  removeNodes: ({ tx, graph, some }) => removeNodes(tx, graph, some),
  removeAndReconnect: ({ tx, graph, some }) => removeAndReconnect(tx, graph, some),
  replaceNode: ({ tx, graph, one, random }) => {
    const definition = random.pick(tx.registry.all());
    if (one && definition) replaceNode(tx, graph, one, definition);
  },
  connect: (scene) => {
    // Most pairs do not fit; a user aims.
    for (let tries = 0; tries < 12; tries++) {
      const [from, to] = [randomOutput(scene), randomInput(scene)];
      if (from !== null && to !== null && connect(scene.tx, scene.graph, from, to).ok) return;
    }
  },
  disconnect: (scene) => {
    const to = randomInput(scene);
    if (to !== null) disconnect(scene.tx, scene.graph, to);
  },
  disconnectOutput: (scene) => {
    const from = randomOutput(scene);
    if (from !== null) disconnectOutput(scene.tx, scene.graph, from);
  },
  removeLinks: ({ tx, graph, view, random }) => removeLinks(tx, graph, random.some(indexOf(view).links.map((link) => link.key), 0.1)),
  moveOutputLinks: (scene) => {
    const [from, to] = [randomOutput(scene), randomOutput(scene)];
    if (from && to) moveOutputLinks(scene.tx, scene.graph, from, to);
  },
  moveInputLink: (scene) => {
    const [from, to] = [randomInput(scene), randomInput(scene)];
    if (from && to) moveInputLink(scene.tx, scene.graph, from, to);
  },
  insertOnLink: ({ tx, graph, view, random }) => {
    for (let tries = 0; tries < 12; tries++) {
      const [link, node] = [random.pick(indexOf(view).links), random.pick(view.nodes.ids())];
      if (link && node && insertOnLink(tx, graph, node, link.key).ok) return;
    }
  },
  setValue: (scene) => {
    const { tx, graph, view, random, one } = scene;
    const node = view.nodes.get(one);
    const definition = node && definitionOf(tx.document, view, node, tx.registry);
    if (node === undefined) return;
    if (definition === undefined) return setNamelessValue(tx, graph, one, 0, random.below(100));
    const name = random.pick([...valuesOf(node, definition).keys()]);
    if (name !== undefined) setValue(tx, graph, one, name, random.pick([1, 0.5, 'text', true, 2n ** 63n, null, [1, 2]]) ?? null);
  },
  setControl: ({ tx, graph, view, one, random }) => {
    const node = view.nodes.get(one);
    const definition = node && definitionOf(tx.document, view, node, tx.registry);
    const input = definition?.inputs.find((each) => each.widget !== null && 'control' in each.widget && each.widget.control);
    if (input) setControl(tx, graph, one, input.name, random.pick(CONTROLS) ?? 'fixed');
  },
  setMode: ({ tx, graph, some, random }) => setMode(tx, graph, some, random.pick([0, 2, 4]) ?? 0),
  toggleMode: ({ tx, graph, some, random }) => toggleMode(tx, graph, some, random.pick([2, 4]) ?? 2),
  toggleFlag: ({ tx, graph, some, random }) => toggleFlag(tx, graph, some, random.chance(0.5) ? 'collapsed' : 'pinned'),
  setTitle: ({ tx, graph, one, random }) => one && setTitle(tx, graph, one, random.pick(['a', '', null, '名前', '"quoted"']) ?? null),
  setColor: ({ tx, graph, some, random }) => setNodeColor(tx, graph, some, random.pick(COLORS) ?? null, random.pick(COLORS) ?? null),
  resize: ({ tx, graph, one, random }) => one && resizeNode(tx, graph, one, point(random)),
  move: ({ tx, graph, some, random }) => moveNodes(tx, graph, some, point(random)),
  align: ({ tx, graph, some, random }) => some.length > 0 && align(tx, graph, some, random.pick(['left', 'right', 'top', 'bottom', 'center', 'middle'] as const) ?? 'left'),
  distribute: ({ tx, graph, some, random }) => distribute(tx, graph, some, random.chance(0.5) ? 'x' : 'y'),
  layout: ({ tx, graph, view }) => applyPositions(tx, graph, columnLayout(view)),
  groupNodes: ({ tx, graph, some }) => void (some.length > 0 && groupNodes(tx, graph, some, 'Group')),
  addGroup: ({ tx, graph, random }) => void addGroup(tx, graph, [...point(random), ...point(random)]),
  changeGroup: ({ tx, graph, view, random }) => {
    const group = random.pick(view.groups.rows());
    if (group === undefined) return;
    random.pick([
      () => moveGroup(tx, graph, group.id, point(random)),
      () => resizeGroup(tx, graph, group.id, [...point(random), ...point(random)]),
      () => fitGroup(tx, graph, group.id),
      () => setGroupTitle(tx, graph, group.id, 'renamed'),
      () => setGroupColor(tx, graph, group.id, random.pick(COLORS) ?? null),
      () => setGroupCollapsed(tx, graph, [group.id], group.flags.collapsed !== true),
      () => removeGroups(tx, graph, [group.id]),
    ])?.();
  },
  addReroute: ({ tx, graph, view, random }) => {
    const link = random.pick(indexOf(view).links);
    if (link) addReroute(tx, graph, link.key, point(random), random.below(3));
  },
  changeReroutes: ({ tx, graph, view, random }) => {
    const ids = random.some(view.reroutes.ids(), 0.3);
    if (random.chance(0.5)) moveReroutes(tx, graph, ids, point(random));
    else removeReroutes(tx, graph, ids);
  },
  widgetSocket: (scene) => {
    const { tx, graph, view, one, random } = scene;
    const node = view.nodes.get(one);
    const inputs = node && definitionOf(tx.document, view, node, tx.registry)?.inputs.filter((input) => input.widget !== null);
    const input = inputs && random.pick(inputs);
    if (input === undefined || node === undefined) return;
    if (random.chance(0.5)) socketToWidget(tx, graph, one, input.name);
    else widgetToSocket(tx, graph, one, input.name);
  },
  copyPaste: ({ tx, graph, view, some, random }) => {
    const text = copyText(tx.document, graph, { nodes: some, groups: random.some(view.groups.ids(), 0.3) });
    const piece = clipboardJson(text);
    if (piece !== null) paste(tx, graph, piece, { at: random.chance(0.5) ? point(random) : null, incoming: random.chance(0.5) });
  },
  duplicate: ({ tx, graph, some }) => duplicate(tx, graph, { nodes: some }),
  collapse: ({ tx, graph, view, some, random }) => collapseToSubgraph(tx, graph, some, 'Part', random.some(view.groups.ids(), 0.2)),
  expand: ({ tx, graph, view, random }) => {
    const instance = random.pick(view.nodes.rows().filter((node) => tx.document.definitions.has(node.type)));
    if (instance) expandSubgraph(tx, graph, instance.id);
  },
  boundary: (scene) => {
    const { tx, graph, view, random } = scene;
    if (graph === ROOT) return;
    const side = random.chance(0.5) ? 'inputs' : 'outputs';
    const count = view.header[side].length;
    const [from, to] = [randomOutput(scene), randomInput(scene)];
    random.pick([
      () => to && !to.node.startsWith('-') && exposeInput(tx, graph, to),
      () => from && !from.node.startsWith('-') && exposeOutput(tx, graph, from),
      () => renameBoundary(tx, graph, side, random.below(count), `name ${random.below(9)}`),
      () => removeBoundary(tx, graph, side, random.below(count)),
      () => count > 0 && moveBoundary(tx, graph, side, random.below(count), random.below(count)),
      () => renameSubgraph(tx, graph, 'Renamed'),
    ])?.();
  },
  seeds: ({ tx, random }) => advanceSeeds(tx, random.next),
};

/// Building outweighs taking apart, so that graphs grow links, reroutes and subgraphs.
const WEIGHTS: Readonly<Record<string, number>> = { connect: 12, addNode: 4, addReroute: 4, insertOnLink: 3, boundary: 4, setValue: 2 };
const MIXED = Object.keys(COMMANDS).flatMap((name) => Array<string>(WEIGHTS[name] ?? 1).fill(name));

/// Gives one command; returns its name.
export function randomCommand(editor: Editor, random: Random, names: readonly string[] = MIXED): string {
  const name = random.pick(names) as string;
  const graphs = allGraphs(editor.document);
  const view = random.chance(0.6) ? editor.document.root : (random.pick(graphs) as Graph);
  const ids = [...view.nodes.ids()];
  // Selections are small, and graphs stay of a size that a test can bear.
  const some = random.some(ids, Math.min(0.3, 2.5 / Math.max(1, ids.length)));
  const crowded = ids.length > 60;
  editor.transact(name, (tx) => {
    const scene: Scene = { tx, graph: view.id, view, random, some, one: random.pick(ids) ?? '' };
    if (crowded && ['addNode', 'copyPaste', 'duplicate', 'expand'].includes(name)) removeNodes(tx, view.id, some);
    else if (scene.one !== '' || name === 'addNode') (COMMANDS[name] as Command)(scene);
  });
  return name;
}

function point(random: Random): Point {
  return [random.below(2000) - 1000, random.below(2000) / 2];
}

function randomOutput({ tx, view, random }: Scene): { node: NodeId; slot: number } | null {
  if (random.chance(0.2) && view.header.inputs.length > 0) return { node: '-10', slot: random.below(view.header.inputs.length) };
  const node = random.pick(view.nodes.rows());
  const slot = node && random.pick(outputViews(node, definitionOf(tx.document, view, node, tx.registry)));
  return node && slot ? { node: node.id, slot: slot.index } : null;
}

function randomInput({ tx, view, random }: Scene): { node: NodeId; input: string } | null {
  if (random.chance(0.2) && view.header.outputs.length > 0) return { node: '-20', input: random.pick(view.header.outputs)?.name ?? '' };
  const node = random.pick(view.nodes.rows());
  const input = node && random.pick(inputViews(node, definitionOf(tx.document, view, node, tx.registry)));
  return node && input ? { node: node.id, input: input.key } : null;
}
