import { address, query, readJson, readText, send } from './http';

/** A file as nodes and outputs name it. */
export interface FileName {
  filename: string;
  subfolder?: string;
  type?: string;
}

/** The file's own bytes, or a smaller picture of it (WebP). */
export function fileUrl(file: FileName, options: { preview?: boolean } = {}): string {
  const { filename, subfolder = '', type = 'output' } = file;
  return address(`view${query({ filename, subfolder, type, preview: options.preview ? 'webp;80' : undefined })}`);
}

/** "folder/name.png [input]", as the value of a file widget, taken apart. */
export function fileOfValue(value: string): FileName {
  const annotated = /^(.*?)(?: \[(input|output|temp)\])?$/.exec(value);
  const path = annotated?.[1] ?? value;
  const slash = path.lastIndexOf('/');
  return { filename: path.slice(slash + 1), subfolder: slash < 0 ? '' : path.slice(0, slash), type: annotated?.[2] ?? 'input' };
}

interface Uploaded {
  name: string;
  subfolder: string;
  type: string;
}

const valueOf = (uploaded: Uploaded): string => (uploaded.subfolder ? `${uploaded.subfolder}/${uploaded.name}` : uploaded.name);

/** Uploads into the input folder; the answer is the value for the widget. A name in use gets a number. */
export async function uploadImage(file: Blob, name: string): Promise<string> {
  const form = new FormData();
  form.append('image', file, name);
  return valueOf(await readJson<Uploaded>('upload/image', { method: 'POST', body: form }));
}

/** Stores a mask as the alpha channel of the picture that the widget names. */
export async function uploadMask(mask: Blob, original: FileName, name: string): Promise<string> {
  const form = new FormData();
  form.append('image', mask, name);
  form.append('original_ref', JSON.stringify(original));
  form.append('subfolder', 'clipspace');
  form.append('type', 'input');
  return valueOf(await readJson<Uploaded>('upload/mask', { method: 'POST', body: form }));
}

export const fetchBytes = async (url: string): Promise<Blob> => (await send(url)).blob();

export const objectInfo = (): Promise<string> => readText('object_info');
export const embeddings = (): Promise<string[]> => readJson('embeddings');

export interface ModelFile {
  kind: string;
  name: string;
  bytes: number;
  family?: string;
  problem?: string;
  /** The address of a picture that shows what it does, where there is one. */
  preview?: string;
}

export const modelFiles = async (): Promise<ModelFile[]> => (await readJson<{ models: ModelFile[] }>('v1/models')).models;

/** The server's addresses begin at its root; the page may be under a proxy's prefix. */
export const previewUrl = (model: ModelFile | undefined): string | undefined =>
  model?.preview === undefined ? undefined : address(model.preview.replace(/^\/+/, ''));

export interface SystemFacts {
  version: string;
  processor: string;
  precision: string;
}

export const systemFacts = (): Promise<SystemFacts> => readJson('v1/system');
