// The texts in a PNG file: chunks tEXt, zTXt and iTXt.

import { Bytes, latin1, utf8OrLatin1 } from './bytes';
import { FileError } from './file_error';
import { inflate } from './inflate';
import { MAX_TEXT, type PictureTexts } from './picture_texts';

const SIGNATURE = '\x89PNG\r\n\x1a\n';
const MAX_CHUNKS = 100_000;

export function isPng(data: Uint8Array): boolean {
  return data.length >= 8 && latin1(data.subarray(0, 8)) === SIGNATURE;
}

/// A file that is cut off or damaged gives the texts before the damage.
export async function readPngTexts(data: Uint8Array): Promise<PictureTexts> {
  const bytes = new Bytes(data);
  const texts: PictureTexts = new Map();
  let at = 8;
  for (let count = 0; at + 12 <= data.length; count++) {
    if (count > MAX_CHUNKS) throw new FileError('the PNG has too many chunks');
    const length = bytes.u32(at);
    const type = bytes.ascii(at + 4, 4);
    if (type === 'IEND' || at + 12 + length > data.length) break;
    if (type === 'tEXt' || type === 'zTXt' || type === 'iTXt') {
      const chunk = bytes.slice(at + 4, length + 4);
      if (crc32(chunk) === bytes.u32(at + 8 + length)) await readText(type, chunk.subarray(4), texts);
    }
    at += 12 + length;
  }
  return texts;
}

async function readText(type: string, chunk: Uint8Array, texts: PictureTexts): Promise<void> {
  const end = chunk.indexOf(0);
  if (end < 1 || end > 79) return;
  const keyword = latin1(chunk.subarray(0, end));
  const rest = chunk.subarray(end + 1);
  const text = type === 'tEXt' ? plainText(rest) : type === 'zTXt' ? await packed(rest.subarray(1)) : await international(rest);
  if (text !== null && !texts.has(keyword)) texts.set(keyword, text);
}

function plainText(data: Uint8Array): string {
  bounded(data);
  return utf8OrLatin1(data);
}

async function packed(data: Uint8Array): Promise<string> {
  return utf8OrLatin1(await inflate(data, MAX_TEXT));
}

/// flag, method, language, 0, translated keyword, 0, text
async function international(data: Uint8Array): Promise<string | null> {
  const language = data.indexOf(0, 2);
  const translated = language === -1 ? -1 : data.indexOf(0, language + 1);
  if (translated === -1) return null;
  const text = data.subarray(translated + 1);
  return data[0] === 1 ? packed(text) : plainText(text);
}

function bounded(data: Uint8Array): void {
  if (data.length > MAX_TEXT) throw new FileError(`a text in the picture is longer than ${MAX_TEXT} bytes`);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
