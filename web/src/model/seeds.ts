// What happens to seeds and other controlled values when a graph has been queued.

import { setValue } from './commands/values';
import type { ChoiceWidget, FloatWidget, InputDefinition, IntWidget } from './definition';
import { definitionOf } from './definition_of';
import { allGraphs, type GraphId, type NodeId } from './document';
import { sameJson, type Json } from './json';
import { linkInto } from './links';
import { fitNumber, stepNumber, toBigInt } from './numbers';
import { simplest } from './expression';
import { controlOf, valueOf, type Control } from './values';
import type { Transaction } from './transaction';

/// Drawn seeds stay below this: every number below is exact in other editors too.
const RANDOM_LIMIT = 2n ** 50n;

export interface Controlled {
  readonly graph: GraphId;
  readonly node: NodeId;
  readonly input: InputDefinition;
  readonly control: Control;
  readonly value: Json;
}

/// All values of a document that change after a run. Those fed by a link do not.
export function controlledValues(tx: Pick<Transaction, 'document' | 'registry'>): Controlled[] {
  return allGraphs(tx.document).flatMap((graph) => graph.nodes.rows().flatMap((node): Controlled[] => {
    const definition = definitionOf(tx.document, graph, node, tx.registry);
    if (definition === undefined) return [];
    return definition.inputs.flatMap((input): Controlled[] => {
      const control = controlOf(node, definition, input.name);
      const value = valueOf(node, definition, input.name);
      if (control === null || control === 'fixed' || value === undefined || linkInto(graph, node.id, input.name) !== undefined) return [];
      return [{ graph: graph.id, node: node.id, input, control, value }];
    });
  }));
}

/// Call it once for each run that was queued.
export function advanceSeeds(tx: Transaction, random: () => number = Math.random): void {
  for (const { graph, node, input, control, value } of controlledValues(tx)) {
    setValue(tx, graph, node, input.name, nextValue(input, control, value, random));
  }
}

export function nextValue(input: InputDefinition, control: Control, value: Json, random: () => number): Json {
  const { widget } = input;
  if (control === 'fixed' || widget === null) return value;
  if (widget.kind === 'choice') return nextChoice(widget, control, value, random);
  if (widget.kind !== 'int' && widget.kind !== 'float') return value;
  if (control === 'randomize') return randomNumber(widget, random);
  const number = typeof value === 'number' || typeof value === 'bigint' ? value : widget.default;
  return stepNumber(widget, number, control === 'increment' ? 1 : -1);
}

/// One at random within the widget's range, in its steps.
export function randomNumber(widget: IntWidget | FloatWidget, random: () => number): number | bigint {
  if (widget.kind === 'float') {
    const [min, max] = [widget.min ?? 0, widget.max ?? 1];
    return fitNumber(widget, min + random() * (max - min));
  }
  const min = toBigInt(widget.min ?? 0);
  const max = toBigInt(widget.max ?? RANDOM_LIMIT);
  const step = toBigInt(widget.step) > 0n ? toBigInt(widget.step) : 1n;
  const top = max - min > RANDOM_LIMIT ? min + RANDOM_LIMIT : max;
  const places = (top - min) / step + 1n;
  return simplest(min + step * randomBelow(places < 1n ? 1n : places, random));
}

/// Two draws give 60 bits; one alone has fewer than a seed may need.
function randomBelow(limit: bigint, random: () => number): bigint {
  const draw = BigInt(Math.floor(random() * 2 ** 30)) * 2n ** 30n + BigInt(Math.floor(random() * 2 ** 30));
  return draw % limit;
}

function nextChoice(widget: ChoiceWidget, control: Control, value: Json, random: () => number): Json {
  const count = widget.choices.length;
  if (count === 0) return value;
  const place = widget.choices.findIndex((choice) => sameJson(choice, value));
  const next = control === 'randomize' ? Math.floor(random() * count) : place + (control === 'increment' ? 1 : -1);
  return widget.choices[Math.max(0, Math.min(count - 1, next))] ?? value;
}
