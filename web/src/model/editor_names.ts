// The names that the editor format itself gives a meaning. The engine reads the same file.

import names from '../../../engine/editor_names.json';

export const NOTE_TYPES: readonly string[] = names.notes;
export const REROUTE_TYPES: readonly string[] = names.reroutes;
export const PRIMITIVE_TYPES: readonly string[] = names.primitives;
export const SEED_NAMES: readonly string[] = names.seeds;
export const UPLOAD_OPTIONS: readonly string[] = names.uploads;
export const SEARCH_NAME: string = names.search_name;
export const RENAMED_TYPES: ReadonlyMap<string, string> = new Map(Object.entries(names.renamed));
export const GROUP_NODE_PREFIXES: readonly string[] = names.group_node_prefixes;
export const VALUE_PREFIXES: readonly { nodes: string[]; input: string; remove: string }[] = names.value_prefixes;
