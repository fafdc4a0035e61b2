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
  return names.map((name) => ({ ...goldenFile(`${folder}/${name}`), name: name.slice(0, -ending.length) }));
}

export function goldenFile(path: string): GoldenFile {
  const text = readFileSync(new URL(path, GOLDEN), 'utf8');
  return { name: path, text, json: parseJson(text) };
}

export function goldenJson(path: string): Json {
  return goldenFile(path).json;
}

/// Well-formed files to begin with; the others break some rule from the start.
export const BEGINNINGS = ['plain', 'version_1', 'reroute_native', 'subgraph_promoted', 'subgraph_nested_promoted', 'subgraph_twice', 'reroute_nodes', 'primitive_kinds'];
