// What AUTOMATIC1111 and its relatives write into pictures: a prompt, a negative one, and a line of settings.

import type { PictureTexts } from './picture_texts';

export interface ForeignSettings {
  readonly prompt: string;
  readonly negative: string;
  /// In the order of the text.
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/// Such settings, where the picture holds no graph; undefined: it has none.
export function foreignText(texts: PictureTexts): string | undefined {
  return texts.has('workflow') || texts.has('prompt') ? undefined : texts.get('parameters');
}

const NEGATIVE = 'Negative prompt:';

export function readForeignSettings(text: string): ForeignSettings {
  const lines = text.split(/\r?\n/);
  const last = lines.findLastIndex((line) => /^Steps: \d/.test(line));
  const words = last === -1 ? lines : lines.slice(0, last);
  const at = words.findIndex((line) => line.startsWith(NEGATIVE));
  const negative = at === -1 ? [] : [words[at]!.slice(NEGATIVE.length), ...words.slice(at + 1)];
  return {
    prompt: (at === -1 ? words : words.slice(0, at)).join('\n').trim(),
    negative: negative.join('\n').trim(),
    settings: last === -1 ? [] : pairs(lines.slice(last).join(' ')),
  };
}

/// "Steps: 20, Size: 512x512, Lora hashes: "a: 1, b: 2"": a value in quotes may hold commas. In one pass, whatever the text.
function pairs(line: string): (readonly [string, string])[] {
  return partsOf(line).flatMap((part) => {
    const colon = part.indexOf(':');
    const name = part.slice(0, colon).trim();
    return colon > 0 && name !== '' ? [[name, part.slice(colon + 1).trim()] as const] : [];
  });
}

/// Between commas that are in no quotes.
function partsOf(line: string): string[] {
  const parts: string[] = [];
  let [start, quoted] = [0, false];
  for (let i = 0; i < line.length; i++) {
    if (quoted && line[i] === '\\') i++;
    else if (line[i] === '"') quoted = !quoted;
    else if (line[i] === ',' && !quoted) {
      parts.push(line.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, line.slice(start)];
}
