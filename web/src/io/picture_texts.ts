// The texts inside a picture, by keyword: "workflow" and "prompt" hold graphs.

import { Bytes, latin1 } from './bytes';
import { readExifTexts } from './exif_texts';
import { FileError } from './file_error';
import { isPng, readPngTexts } from './png_texts';

export type PictureTexts = Map<string, string>;

/// Longest text read, in bytes, packed or not.
export const MAX_TEXT = 32 * 1024 * 1024;
const MAX_CHUNKS = 10_000;

export type PictureKind = 'png' | 'webp' | 'jpeg';

export function pictureKind(data: Uint8Array): PictureKind | null {
  if (isPng(data)) return 'png';
  if (data.length >= 12 && latin1(data.subarray(0, 4)) === 'RIFF' && latin1(data.subarray(8, 12)) === 'WEBP') return 'webp';
  return data.length >= 3 && data[0] === 0xff && data[1] === 0xd8 && data[2] === 0xff ? 'jpeg' : null;
}

/// Throws FileError, and nothing else, whatever the bytes.
export async function readPictureTexts(data: Uint8Array): Promise<PictureTexts> {
  switch (pictureKind(data)) {
    case 'png':
      return readPngTexts(data);
    case 'webp':
      return readWebpTexts(data);
    case 'jpeg':
      return readJpegTexts(data);
    case null:
      throw new FileError('this is no PNG, WebP or JPEG picture');
  }
}

function readWebpTexts(data: Uint8Array): PictureTexts {
  const bytes = new Bytes(data, true);
  const texts: PictureTexts = new Map();
  let at = 12;
  for (let count = 0; at + 8 <= data.length && count < MAX_CHUNKS; count++) {
    const length = bytes.u32(at + 4);
    if (at + 8 + length > data.length) break;
    if (bytes.ascii(at, 4) === 'EXIF') readExifTexts(bytes.slice(at + 8, length), texts);
    at += 8 + length + (length % 2);
  }
  return texts;
}

function readJpegTexts(data: Uint8Array): PictureTexts {
  const bytes = new Bytes(data);
  const texts: PictureTexts = new Map();
  let at = 2;
  for (let count = 0; at + 4 <= data.length && count < MAX_CHUNKS; count++) {
    const marker = bytes.u8(at + 1);
    if (bytes.u8(at) !== 0xff || marker === 0xda || marker === 0xd9) break;
    const length = bytes.u16(at + 2);
    if (length < 2 || at + 2 + length > data.length) break;
    if (marker === 0xe1) readExifTexts(bytes.slice(at + 4, length - 2), texts);
    at += 2 + length;
  }
  return texts;
}
