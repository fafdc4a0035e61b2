// What can be told to be wrong with a document before it runs, from the declarations alone.

import type { InputDefinition, NodeDefinition, Registry } from './definition';
import { definitionOf } from './definition_of';
import { allGraphs, MODE_BYPASSED, MODE_MUTED, type Document, type Graph, type GraphId, type GraphNode, type NodeId } from './document';
import { GROUP_NODE_PREFIXES, VALUE_PREFIXES } from './editor_names';
import { isArray, isObject, sameJson, type Json } from './json';
import { indexOf } from './links';
import { inputViews, outputViews } from './sockets';
import { typesFit, whyTypesDiffer } from './types';
import { valuesOf } from './values';
import { instancesOf } from './commands/instances';

export type ProblemKind = 'unknown_node' | 'missing_input' | 'not_a_choice' | 'out_of_range' | 'not_a_number' | 'wrong_type' | 'broken_link';

export interface Problem {
  readonly kind: ProblemKind;
  readonly graph: GraphId;
  readonly node: NodeId;
  /// The key of the input that it is about; null: the node.
  readonly input: string | null;
  readonly message: string;
}

/// Problems of what would run: nodes that are muted or bypassed, and subgraphs without an instance, are left out.
export function findProblems(document: Document, registry: Registry): Problem[] {
  const used = allGraphs(document).filter((graph) => graph === document.root || instancesOf(document, graph.id).length > 0);
  return used.flatMap((graph) => graph.nodes.rows().flatMap((node) => nodeProblems(document, graph, node, registry)));
}

export function nodeProblems(document: Document, graph: Graph, node: GraphNode, registry: Registry): Problem[] {
  if (node.mode === MODE_MUTED || node.mode === MODE_BYPASSED) return [];
  const definition = definitionOf(document, graph, node, registry);
  const problem = (kind: ProblemKind, input: string | null, message: string): Problem => ({ kind, graph: graph.id, node: node.id, input, message });
  const broken = indexOf(graph).broken.filter((link) => link.node === node.id).map((link) => problem('broken_link', link.input, link.reason));
  if (definition === undefined && isGroupNode(document, node.type)) return broken;
  if (definition === undefined) return [problem('unknown_node', null, unknownText(node, registry)), ...broken];
  if (definition.origin === 'note' || definition.origin === 'reroute') return broken;
  const values = valuesOf(node, definition);
  const found = inputViews(node, definition).flatMap((view): Problem[] => {
    const input = view.definition;
    if (view.link !== null) return linkProblem(document, graph, node, view.key, view.type, registry, problem);
    if (input === undefined) return [];
    if (input.widget !== null) {
      const wrong = valueProblem(input, currentValue(node.type, input.name, values.get(input.name)));
      return wrong === null ? [] : [problem(wrong.kind, view.key, `${input.name}: ${wrong.message}`)];
    }
    return input.required ? [problem('missing_input', view.key, `${input.name} is not linked; it needs a ${input.type}`)] : [];
  });
  return [...broken, ...found];
}

/// The older form of subgraphs, whose content stands in `extra`.
function isGroupNode(document: Document, type: string): boolean {
  const defined = document.root.header.extra.groupNodes;
  return GROUP_NODE_PREFIXES.some((prefix) => type.startsWith(prefix) && isObject(defined) && Object.hasOwn(defined, type.slice(prefix.length)));
}

/// Old files have some values under a longer name, which is cut when they are sent.
function currentValue(type: string, name: string, value: Json | undefined): Json | undefined {
  const rule = VALUE_PREFIXES.find(({ nodes, input, remove }) => input === name && nodes.includes(type) && typeof value === 'string' && value.startsWith(remove));
  return rule === undefined ? value : (value as string).slice(rule.remove.length);
}

function unknownText(node: GraphNode, registry: Registry): string {
  const similar = similarType(node.type, registry);
  const hint = similar === null ? '' : `; did you mean ${similar.displayName}?`;
  return `there is no node ${JSON.stringify(node.type)} here${hint}`;
}

function linkProblem(
  document: Document, graph: Graph, node: GraphNode, input: string, type: string, registry: Registry,
  problem: (kind: ProblemKind, input: string, message: string) => Problem,
): Problem[] {
  const link = indexOf(graph).to.get(node.id)?.find((other) => other.input === input);
  const source = link && graph.nodes.get(link.from);
  if (link === undefined || source === undefined) return [];
  const definition = definitionOf(document, graph, source, registry);
  if (definition === undefined || definition.origin === 'reroute' || definition.origin === 'primitive') return [];
  const from = outputViews(source, definition)[link.fromSlot]?.type ?? '*';
  return typesFit(from, type) ? [] : [problem('wrong_type', input, `${input}: ${whyTypesDiffer(from, type)}`)];
}

/// What is wrong with a value; null: nothing.
export function valueProblem(input: InputDefinition, value: Json | undefined): { kind: ProblemKind; message: string } | null {
  const { widget } = input;
  if (widget === null || value === undefined) return null;
  if (widget.kind === 'choice') {
    if (!input.required && (value === '' || value === null)) return null;
    const chosen = widget.multiselect && isArray(value) ? value : [value];
    const odd = chosen.find((item) => !widget.choices.some((choice) => sameJson(choice, item)));
    if (odd === undefined || (widget.upload !== null && typeof odd === 'string' && / \[(input|output|temp)\]$/.test(odd))) return null;
    const { length } = widget.choices;
    const others = length === 0 ? 'is not there; there is nothing to choose from' : `is not among the ${length} choices`;
    return { kind: 'not_a_choice', message: odd === '' ? 'nothing is chosen' : `${shown(odd)} ${others}` };
  }
  if (widget.kind !== 'int' && widget.kind !== 'float') return null;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'boolean' || number === null || (typeof number !== 'bigint' && (typeof number !== 'number' || Number.isNaN(number)))) {
    return { kind: 'not_a_number', message: `${shown(value)} is not a number` };
  }
  const low = widget.min !== null && number < widget.min;
  const high = widget.max !== null && number > widget.max;
  return low || high ? { kind: 'out_of_range', message: `${shown(value)} is outside ${widget.min ?? '-∞'}..${widget.max ?? '∞'}` } : null;
}

function shown(value: Json): string {
  const text = typeof value === 'bigint' ? value.toString() : JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/// The known definition whose name is nearest to that of an unknown type; null: none is near.
export function similarType(type: string, registry: Registry): NodeDefinition | null {
  const wanted = plain(type);
  let best: { definition: NodeDefinition; distance: number } | null = null;
  for (const definition of registry.all()) {
    for (const name of [definition.type, definition.displayName]) {
      const distance = editDistance(wanted, plain(name), 1 + Math.floor(wanted.length / 4));
      if (best === null || distance < best.distance) best = { definition, distance };
    }
  }
  return best !== null && best.distance <= Math.floor(wanted.length / 4) ? best.definition : null;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '').slice(0, 80);
}

/// Letters to change, add or take away; more than `limit` is not told apart.
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

