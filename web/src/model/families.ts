// Model files that do not belong together: an add-on (a LoRA) made for another family than the model that it is put on.

import type { ChoiceWidget, Registry } from './definition';
import { definitionOf } from './definition_of';
import { graphAtPath, MODE_BYPASSED, MODE_MUTED, type Document, type Graph, type GraphNode, type NodeId } from './document';
import { upstream } from './links';
import { valuesOf } from './values';

/// A file of the server, with the folder that it is in and what it was made for.
export interface KnownModel {
  readonly kind: string;
  readonly name: string;
  readonly family?: string;
}

export interface FamilyMismatch {
  /// The id that the server gives to the step: "12:7" inside a subgraph.
  readonly step: string;
  readonly input: string;
  readonly message: string;
}

/// What is added to a model; all other kinds that a family is known of are models themselves.
const ADD_ONS = ['loras', 'hypernetworks'];
const BASES = ['checkpoints', 'diffusion_models', 'diffusers'];
const DEEPEST = 20;

export function familyMismatches(document: Document, registry: Registry, models: readonly KnownModel[], path: readonly NodeId[] = []): FamilyMismatch[] {
  const graph = graphAtPath(document, path);
  if (!graph || models.length === 0 || path.length > DEEPEST) return [];
  const chosen = (node: GraphNode) => chosenModels(document, graph, node, registry, models);
  return graph.nodes.rows().filter(isOn).flatMap((node) => [
    ...chosen(node).flatMap(({ input, model }): FamilyMismatch[] => {
      if (!ADD_ONS.includes(model.kind) || model.family === undefined) return [];
      const base = nearestBase(graph, node.id, chosen);
      if (base?.family === undefined || base.family === model.family) return [];
      return [{ step: [...path, node.id].join(':'), input, message: `${model.name} is made for ${model.family}, but ${base.name} is ${base.family}` }];
    }),
    ...(graphAtPath(document, [...path, node.id]) ? familyMismatches(document, registry, models, [...path, node.id]) : []),
  ]);
}

const isOn = (node: GraphNode): boolean => node.mode !== MODE_MUTED && node.mode !== MODE_BYPASSED;

interface Chosen {
  readonly input: string;
  readonly model: KnownModel;
}

function nearestBase(graph: Graph, node: NodeId, chosen: (node: GraphNode) => Chosen[]): KnownModel | undefined {
  for (const id of upstream(graph, [node])) {
    const row = graph.nodes.get(id);
    const base = row && isOn(row) ? chosen(row).find(({ model }) => BASES.includes(model.kind)) : undefined;
    if (base) return base.model;
  }
  return undefined;
}

function chosenModels(document: Document, graph: Graph, node: GraphNode, registry: Registry, models: readonly KnownModel[]): Chosen[] {
  const definition = definitionOf(document, graph, node, registry);
  if (!definition) return [];
  const values = valuesOf(node, definition);
  return definition.inputs.flatMap(({ name, widget }): Chosen[] => {
    if (widget?.kind !== 'choice') return [];
    const model = modelOfChoice(widget, values.get(name), models);
    return model ? [{ input: name, model }] : [];
  });
}

/// The file that a value names. The same name may be in several folders: the list of choices says which one is meant.
export function modelOfChoice(widget: Pick<ChoiceWidget, 'choices'>, value: unknown, models: readonly KnownModel[]): KnownModel | undefined {
  const named = models.filter(({ name }) => name === value);
  if (named.length < 2) return named[0];
  const listed = new Set(widget.choices);
  return named.find(({ kind }) => models.every((model) => model.kind !== kind || listed.has(model.name))) ?? named[0];
}
