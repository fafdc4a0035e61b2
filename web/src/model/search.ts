// Finding node definitions: by typing, and for a link that was dropped in empty space.

import type { NodeDefinition, Registry } from './definition';
import { isAny, typesFit } from './types';

export interface Found {
  readonly definition: NodeDefinition;
  readonly score: number;
}

/// The best first. `recent` types (the last used first) win among equals; an empty query lists recent ones, then all by name.
export function searchNodes(definitions: readonly NodeDefinition[], query: string, recent: readonly string[] = []): NodeDefinition[] {
  const words = fold(query).split(/\s+/).filter((word) => word !== '');
  const scored = definitions.flatMap((definition): Found[] => {
    const score = scoreOf(definition, words);
    return score === 0 ? [] : [{ definition, score: score + recency(definition, recent) }];
  });
  return scored.sort(compare).map(({ definition }) => definition);
}

function compare(a: Found, b: Found): number {
  return b.score - a.score || a.definition.displayName.length - b.definition.displayName.length || compareText(a.definition.displayName, b.definition.displayName);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function recency(definition: NodeDefinition, recent: readonly string[]): number {
  const place = recent.indexOf(definition.type);
  return place === -1 ? 0 : 12 / (place + 1);
}

/// 0: some word is found nowhere.
function scoreOf(definition: NodeDefinition, words: readonly string[]): number {
  const { title, type, aliases, category } = namesOf(definition);
  let total = definition.deprecated ? 1 : 2;
  for (const word of words) {
    const best = Math.max(10 * score(title, word), 9 * score(type, word), ...aliases.map((alias) => 8 * score(alias, word)), 3 * score(category, word));
    if (best === 0) return 0;
    total += best;
  }
  return total;
}

/// A text made ready for searching.
interface Searchable {
  readonly text: string;
  readonly words: readonly string[];
  readonly initials: string;
}

interface Names {
  readonly title: Searchable;
  readonly type: Searchable;
  readonly aliases: readonly Searchable[];
  readonly category: Searchable;
}

const remembered = new WeakMap<NodeDefinition, Names>();

function namesOf(definition: NodeDefinition): Names {
  const known = remembered.get(definition);
  if (known !== undefined) return known;
  const { displayName, type, aliases, category } = definition;
  const names = { title: searchable(displayName), type: searchable(type), aliases: aliases.map(searchable), category: searchable(category) };
  remembered.set(definition, names);
  return names;
}

function searchable(text: string): Searchable {
  const spaced = text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z])([A-Z][a-z])/g, '$1 $2');
  const parts = wordsOf(spaced);
  // "LoRA" is a word as it stands, too.
  return { text: fold(text), words: [...new Set([...parts, ...wordsOf(text)])], initials: parts.map((word) => word[0]).join('') };
}

function wordsOf(text: string): string[] {
  return fold(text).split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

export function matchScore(text: string, query: string): number {
  return score(searchable(text), query);
}

/// 12 the same; up to 10.5 begins with it, or up to 10 a word in it does, more the more of the text it is; up to 8 contains
/// it; 4 its initials; up to 3 the letters in order.
function score({ text, words, initials }: Searchable, query: string): number {
  if (query === '') return 1;
  if (text === query) return 12;
  const share = (3 * query.length) / Math.max(text.length, 1);
  if (text.startsWith(query)) return 7.5 + share;
  if (words.some((word) => word.startsWith(query))) return 7 + share;
  if (text.includes(query)) return 5 + share;
  return initials.startsWith(query) ? 4 : scattered(text, query);
}

/// The letters in order with gaps between them: the fewer gaps the better.
function scattered(text: string, query: string): number {
  let at = -1;
  let gaps = 0;
  for (const letter of query) {
    const next = text.indexOf(letter, at + 1);
    if (next === -1) return 0;
    if (at !== -1 && next !== at + 1) gaps++;
    at = next;
  }
  return gaps > Math.max(1, query.length / 2) ? 0 : 3 / (1 + gaps);
}

/// Lower case without accents.
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
}

/// What a dragged link holds on to: an output that looks for inputs, or an input that looks for outputs.
export interface LinkEnd {
  readonly looksFor: 'input' | 'output';
  readonly type: string;
}

export interface Fitting {
  readonly definition: NodeDefinition;
  /// The socket to link: the name of an input, or the place of an output.
  readonly socket: string | number;
}

/// Definitions that a dragged link could go on to, best first: an exact type before one that merely fits, a required
/// socket before an optional one, a first socket before a later one.
export function fittingNodes(registry: Registry, end: LinkEnd, recent: readonly string[] = []): Fitting[] {
  const scored = registry.all().flatMap((definition) => {
    const best = end.looksFor === 'input' ? bestInput(definition, end.type) : bestOutput(definition, end.type);
    return best === null ? [] : [{ definition, socket: best.socket, score: best.score + recency(definition, recent) }];
  });
  return scored.sort(compare).map(({ definition, socket }) => ({ definition, socket }));
}

function bestInput(definition: NodeDefinition, type: string): { socket: string; score: number } | null {
  const scored = definition.inputs.map((input, place) => ({
    socket: input.name,
    score: fitScore(input.type, type) && fitScore(input.type, type) + (input.required ? 3 : 0) - Math.min(place, 9) / 10 - (input.widget === null ? 0 : 4),
  }));
  return bestOf(scored, definition);
}

function bestOutput(definition: NodeDefinition, type: string): { socket: number; score: number } | null {
  return bestOf(definition.outputs.map((output, place) => ({ socket: place, score: fitScore(output.type, type) && fitScore(output.type, type) - Math.min(place, 9) / 10 })), definition);
}

function bestOf<T extends { score: number }>(scored: readonly T[], definition: NodeDefinition): T | null {
  const best = scored.filter(({ score }) => score !== 0).sort((a, b) => b.score - a.score)[0];
  return best === undefined ? null : { ...best, score: best.score - (definition.deprecated || definition.experimental ? 5 : 0) };
}

function fitScore(socket: string, type: string): number {
  if (!typesFit(socket, type)) return 0;
  if (isAny(socket)) return 5;
  return socket === type ? 20 : 12;
}

/// Nodes that make one type of another in one step, simplest first: what to put between two sockets that do not fit.
export function converters(registry: Registry, from: string, to: string): { definition: NodeDefinition; input: string; output: number }[] {
  if (isAny(from) || isAny(to)) return [];
  const found = registry.all().flatMap((definition) => {
    if (definition.origin !== 'server' || definition.deprecated) return [];
    const input = definition.inputs.find((candidate) => candidate.widget === null && candidate.required && candidate.type === from);
    const output = definition.outputs.findIndex((candidate) => candidate.type === to);
    const others = definition.inputs.filter((other) => other !== input && other.required && other.widget === null).length;
    return input === undefined || output === -1 || others > 1 ? [] : [{ definition, input: input.name, output, others }];
  });
  found.sort((a, b) => a.others - b.others || a.definition.inputs.length - b.definition.inputs.length);
  return found.map(({ definition, input, output }) => ({ definition, input, output }));
}
