// Editing prompts: weights like (word:1.1), and what may follow at the cursor (embeddings, LoRAs).

export interface TextEdit {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const WEIGHTED = /^\((.*):([+-]?(?:\d+\.?\d*|\.\d+))\)$/s;

/// Changes the weight of the selection, or of the word or bracket at the cursor. A weight of 1 takes the brackets away.
export function changeWeight(text: string, start: number, end: number, by: number): TextEdit {
  const [from, to] = weightedRange(text, start, end);
  const piece = text.slice(from, to);
  if (piece.trim() === '') return { text, start, end };
  const match = WEIGHTED.exec(piece);
  const inner = match?.[1] ?? piece;
  const weight = Math.round(((match === null ? 1 : Number(match[2])) + by) * 100) / 100;
  const changed = weight === 1 ? inner : `(${inner}:${weight})`;
  return { text: text.slice(0, from) + changed + text.slice(to), start: from, end: from + changed.length };
}

function weightedRange(text: string, start: number, end: number): [number, number] {
  const [from, to] = start === end ? wordAt(text, start) : trimmed(text, start, end);
  const bracket = bracketAround(text, from, to);
  return bracket ?? [from, to];
}

function trimmed(text: string, start: number, end: number): [number, number] {
  const piece = text.slice(start, end);
  const before = piece.length - piece.trimStart().length;
  return [start + before, start + before + piece.trim().length];
}

function wordAt(text: string, at: number): [number, number] {
  const part = (character: string | undefined) => character !== undefined && !/[\s,.;:()[\]{}<>|"]/.test(character);
  let from = at;
  let to = at;
  while (from > 0 && part(text[from - 1])) from--;
  while (part(text[to])) to++;
  return [from, to];
}

/// The weighted bracket that holds just this, or that this itself is.
function bracketAround(text: string, from: number, to: number): [number, number] | null {
  if (WEIGHTED.test(text.slice(from, to)) && isOneBracket(text.slice(from, to))) return [from, to];
  let depth = 0;
  for (let open = from - 1; open >= 0; open--) {
    if (isEscaped(text, open)) continue;
    if (text[open] === ')') depth++;
    if (text[open] !== '(' || depth-- > 0) continue;
    const close = closing(text, open);
    if (close === -1 || close < to) return null;
    const range: [number, number] = [open, close + 1];
    return WEIGHTED.test(text.slice(...range)) ? range : null;
  }
  return null;
}

function isOneBracket(piece: string): boolean {
  return closing(piece, 0) === piece.length - 1;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (isEscaped(text, at)) continue;
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

function isEscaped(text: string, at: number): boolean {
  let count = 0;
  while (text[at - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

export interface Completion {
  readonly label: string;
  /// What takes the place of the text from `start` to `end`.
  readonly insert: string;
  readonly start: number;
  readonly end: number;
}

export interface CompletionSources {
  readonly embeddings: readonly string[];
  readonly loras: readonly string[];
}

const MAX_COMPLETIONS = 50;

/// What may stand at the cursor: after "embedding:" the names of embeddings, after "<lora:" those of LoRAs.
export function completions(text: string, cursor: number, sources: CompletionSources): Completion[] {
  const before = text.slice(Math.max(0, cursor - 200), cursor);
  const embedding = /embedding:([^\s,()<>:]*)$/i.exec(before);
  if (embedding !== null) {
    const typed = embedding[1] as string;
    return matching(sources.embeddings, typed).map((name) => ({ label: name, insert: name, start: cursor - typed.length, end: cursor }));
  }
  const lora = /<lora:([^<>:]*)$/i.exec(before);
  if (lora === null) return [];
  const typed = lora[1] as string;
  const rest = /^:[^<>\s]*>/.exec(text.slice(cursor));
  return matching(sources.loras.map(withoutExtension), typed).map((name) => ({
    label: name, insert: rest === null ? `${name}:1>` : name, start: cursor - typed.length, end: cursor,
  }));
}

function withoutExtension(name: string): string {
  return name.replace(/\.(safetensors|ckpt|pt|pth|bin)$/i, '');
}

/// Names that begin with the text, then those that contain it.
function matching(names: readonly string[], typed: string): string[] {
  const wanted = typed.toLowerCase();
  const begins = names.filter((name) => name.toLowerCase().startsWith(wanted));
  const contains = names.filter((name) => !name.toLowerCase().startsWith(wanted) && name.toLowerCase().includes(wanted));
  return [...begins, ...contains].slice(0, MAX_COMPLETIONS);
}
