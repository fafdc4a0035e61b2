// Which definition a node of a document has: the server's, an instance's from its subgraph, a primitive's from what it
// feeds. undefined: the type is unknown, and the node is shown with what its file says.

import { INPUT_NODE, type Document, type Graph, type GraphNode } from './document';
import type { InputDefinition, NodeDefinition, OutputDefinition, Registry, WidgetDefinition } from './definition';
import { indexOf } from './links';

/// Definitions that nest deeper than this (or in a circle) are taken for unknown.
const MAX_DEPTH = 20;

export function definitionOf(document: Document, graph: Graph, node: GraphNode, registry: Registry): NodeDefinition | undefined {
  return find(document, graph, node, registry, 0);
}

function find(document: Document, graph: Graph, node: GraphNode, registry: Registry, depth: number): NodeDefinition | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const subgraph = document.definitions.get(node.type);
  if (subgraph !== undefined) return subgraphDefinition(document, subgraph, registry, depth);
  const definition = registry.get(node.type);
  return definition?.origin === 'primitive' ? primitiveDefinition(document, graph, node, definition, registry, depth) : definition;
}

interface Remembered {
  readonly version: string;
  readonly registry: Registry;
  readonly definition: NodeDefinition;
}
const remembered = new WeakMap<Graph, Remembered>();

/// What an instance of this subgraph looks like from outside.
export function subgraphDefinition(document: Document, subgraph: Graph, registry: Registry, depth = 0): NodeDefinition {
  // A nested definition may change what a widget of this one is.
  const version = document.definitions.rows().map((graph) => `${graph.id}:${graph.version}`).join(' ');
  const known = remembered.get(subgraph);
  if (known !== undefined && known.version === version && known.registry === registry) return known.definition;
  const definition = makeSubgraphDefinition(document, subgraph, registry, depth);
  remembered.set(subgraph, { version, registry, definition });
  return definition;
}

function makeSubgraphDefinition(document: Document, subgraph: Graph, registry: Registry, depth: number): NodeDefinition {
  const { name, inputs, outputs } = subgraph.header;
  return {
    type: subgraph.id,
    displayName: name || 'Subgraph',
    category: 'subgraphs',
    description: '',
    aliases: [],
    isOutput: false,
    deprecated: false,
    experimental: false,
    origin: 'subgraph',
    inputs: inputs.map((slot, position): InputDefinition => {
      const inner = innerInput(document, subgraph, position, registry, depth);
      return {
        name: slot.name, type: slot.type, required: false, widget: withoutControl(inner?.widget ?? null),
        tooltip: inner?.tooltip ?? '', advanced: false, options: inner?.options ?? {},
      };
    }),
    outputs: outputs.map((slot): OutputDefinition => ({ name: slot.label ?? slot.name, type: slot.type, tooltip: '', isList: false })),
  };
}

/// The first widget inside that an input of the subgraph feeds; else the first input.
function innerInput(document: Document, subgraph: Graph, position: number, registry: Registry, depth: number): InputDefinition | undefined {
  const targets = (indexOf(subgraph).from.get(INPUT_NODE) ?? []).filter((link) => link.fromSlot === position);
  const found = targets.map((link) => inputDefinition(document, subgraph, link.to, link.input, registry, depth)).filter((input) => input !== undefined);
  return found.find((input) => input.widget !== null) ?? found[0];
}

function inputDefinition(document: Document, graph: Graph, id: string, key: string, registry: Registry, depth: number): InputDefinition | undefined {
  const node = graph.nodes.get(id);
  const definition = node && find(document, graph, node, registry, depth + 1);
  return definition?.inputs.find((input) => input.name === key);
}

/// Values of promoted widgets stand in the instance without their controls.
function withoutControl(widget: WidgetDefinition | null): WidgetDefinition | null {
  return widget !== null && 'control' in widget ? { ...widget, control: false } : widget;
}

/// A primitive takes the form of the first widget that it feeds, and numbers and choices can count up.
function primitiveDefinition(
  document: Document, graph: Graph, node: GraphNode, bare: NodeDefinition, registry: Registry, depth: number,
): NodeDefinition {
  const first = indexOf(graph).from.get(node.id)?.[0];
  const target = first && inputDefinition(document, graph, first.to, first.input, registry, depth);
  const output = { ...(bare.outputs[0] as OutputDefinition), type: node.outputs[0]?.type ?? '*' };
  if (target === undefined || target.widget === null) return { ...bare, outputs: [output] };
  const widget = 'control' in target.widget ? { ...target.widget, control: true } : target.widget;
  const input: InputDefinition = { ...target, name: 'value', required: true, widget };
  return { ...bare, inputs: [input], outputs: [{ ...output, name: target.type, type: target.type }] };
}

/// The name a node shows.
export function titleOf(node: GraphNode, definition: NodeDefinition | undefined): string {
  return node.title ?? definition?.displayName ?? (node.type || 'unknown');
}

