// The editor-format graphs kept in the repository, and their node declarations.

import { readdirSync, readFileSync } from 'node:fs';
import { parseJson, type Json } from '../../src/model/json';

const GOLDEN = new URL('../../../tests/golden/', import.meta.url);

export interface GoldenFile {
  readonly name: string;
  readonly text: string;
  readonly json: Json;
}

export function goldenFiles(folder: string, ending: string): GoldenFile[] {
  const names = readdirSync(new URL(`${folder}/`, GOLDEN)).filter((name) => name.endsWith(ending)).sort();
  return names.map((name) => {
    const text = readFileSync(new URL(`${folder}/${name}`, GOLDEN), 'utf8');
    return { name: name.slice(0, -ending.length), text, json: parseJson(text) };
  });
}

export function goldenJson(path: string): Json {
  return parseJson(readFileSync(new URL(path, GOLDEN), 'utf8'));
}
