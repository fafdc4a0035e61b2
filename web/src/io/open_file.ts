// Whatever a user opens, drops or pastes, as a document.

import type { Registry } from '../model/definition';
import type { Layout } from '../model/column_layout';
import type { MutableDocument } from '../model/document';
import { isObject, JsonError, parseJson, type Json, type JsonObject } from '../model/json';
import { field } from '../model/read_rows';
import { isApiFormat, readApiFormat } from './api_format';
import { isEditorFormat, readDocument } from './editor_format';
import { FileError } from './file_error';
import { isSvg, readSvgWorkflow } from './svg_texts';
import { pictureKind, readPictureTexts, type PictureTexts } from './picture_texts';

export interface Opened {
  readonly document: MutableDocument;
  readonly format: 'editor' | 'api' | 'pipeline';
  /// A picture that the graph came in.
  readonly picture: boolean;
  readonly warnings: readonly string[];
  /// The pipeline around the graph, where there is one.
  readonly pipeline: JsonObject | null;
}

export const MAX_FILE = 256 * 1024 * 1024;

/// Throws FileError, and nothing else, whatever the bytes.
export async function openFile(data: Uint8Array, registry: Registry, layout?: Layout): Promise<Opened> {
  if (data.length > MAX_FILE) throw new FileError(`the file is larger than ${MAX_FILE / 1024 / 1024} MB`);
  if (pictureKind(data) === null) {
    const text = decoded(data);
    if (isSvg(text)) return { ...openText(readSvgWorkflow(text), registry, layout), picture: true };
    return openText(text, registry, layout);
  }
  return { ...openTexts(await readPictureTexts(data), registry, layout), picture: true };
}

/// Whether a file is a picture that holds a graph.
export async function holdsGraph(data: Uint8Array): Promise<boolean> {
  if (pictureKind(data) === null) return false;
  const texts = await readPictureTexts(data);
  return texts.has('workflow') || texts.has('prompt');
}

export function openText(text: string, registry: Registry, layout?: Layout): Opened {
  return openJson(parsed(text), registry, layout);
}

export function openJson(json: Json, registry: Registry, layout?: Layout): Opened {
  const base = { picture: false, warnings: [], pipeline: null };
  if (isEditorFormat(json)) return { ...base, document: readDocument(json), format: 'editor' };
  if (isApiFormat(json)) return { ...base, ...readApiFormat(json, registry, layout), format: 'api' };
  const pipeline = field(json, 'heddle');
  const inner = field(json, 'graph') ?? field(json, 'workflow') ?? field(json, 'prompt');
  if (typeof pipeline === 'string' && pipeline.startsWith('pipeline/') && isObject(json) && inner !== undefined) {
    return { ...openJson(inner, registry, layout), format: 'pipeline', pipeline: json };
  }
  // A request as it is sent: the editor's own document goes along with it.
  const workflow = field(field(field(json, 'extra_data'), 'extra_pnginfo'), 'workflow');
  if (workflow !== undefined && isEditorFormat(workflow)) return openJson(workflow, registry, layout);
  if (inner !== undefined && (isEditorFormat(inner) || isApiFormat(inner))) return openJson(inner, registry, layout);
  throw new FileError('this JSON is no workflow: neither a list of nodes nor steps with a class_type');
}

/// The editor's document if the picture has one, else the steps.
function openTexts(texts: PictureTexts, registry: Registry, layout?: Layout): Opened {
  const problems: FileError[] = [];
  for (const keyword of ['workflow', 'prompt']) {
    const text = texts.get(keyword);
    if (text === undefined) continue;
    try {
      return openText(text, registry, layout);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      problems.push(error);
    }
  }
  const settings = texts.has('parameters') ? ", only another program's settings" : '';
  throw problems[0] ?? new FileError(`this picture holds no workflow${settings}`);
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw new FileError(`this is no JSON: ${error.message}`);
    throw error;
  }
}

function decoded(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    throw new FileError('this file is neither a picture nor text');
  }
}
