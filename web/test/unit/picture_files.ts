// Small pictures with texts in them, made for tests.

import { deflateSync } from 'node:zlib';
import { crc32 } from '../../src/io/png_texts';

const encoder = new TextEncoder();

export function bytes(...parts: (string | number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...(typeof part === 'string' ? Uint8Array.from(part, (letter) => letter.charCodeAt(0)) : part)]));
}

export function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

export function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = bytes(type, data);
  return bytes(u32(data.length), body, u32(crc32(body)));
}

export function png(...chunks: Uint8Array[]): Uint8Array {
  const header = chunk('IHDR', bytes(u32(1), u32(1), [8, 0, 0, 0, 0]));
  const pixels = chunk('IDAT', deflateSync(bytes([0, 0])));
  return bytes('\x89PNG\r\n\x1a\n', header, ...chunks, pixels, chunk('IEND', bytes()));
}

export const tEXt = (keyword: string, text: string) => chunk('tEXt', bytes(keyword, [0], text));
export const zTXt = (keyword: string, text: string) => chunk('zTXt', bytes(keyword, [0, 0], deflateSync(encoder.encode(text))));
export const iTXt = (keyword: string, text: string, packed = false) =>
  chunk('iTXt', bytes(keyword, [0, packed ? 1 : 0, 0], 'en', [0], keyword, [0], packed ? deflateSync(encoder.encode(text)) : encoder.encode(text)));

/// EXIF data with these texts, big- or little-endian.
export function exif(texts: Record<number, string>, little = false): Uint8Array {
  const number = (value: number, size: number) => {
    const big = u32(value).slice(4 - size);
    return little ? big.reverse() : big;
  };
  const values = Object.entries(texts).map(([tag, text]) => ({ tag: Number(tag), data: bytes(encoder.encode(text), [0]) }));
  let at = 8 + 2 + 12 * values.length + 4;
  const entries = values.map(({ tag, data }) => {
    const entry = [...number(tag, 2), ...number(2, 2), ...number(data.length, 4), ...(data.length <= 4 ? [...data, 0, 0, 0, 0].slice(0, 4) : number(at, 4))];
    if (data.length > 4) at += data.length;
    return entry;
  });
  return bytes(little ? 'II' : 'MM', number(42, 2), number(8, 4), number(values.length, 2), ...entries, number(0, 4), ...values.filter(({ data }) => data.length > 4).map(({ data }) => data));
}

export function webp(exifData: Uint8Array): Uint8Array {
  const le = (value: number) => u32(value).reverse();
  const part = (type: string, data: Uint8Array) => bytes(type, le(data.length), data, data.length % 2 ? [0] : []);
  const body = bytes('WEBP', part('VP8X', new Uint8Array(10)), part('VP8 ', new Uint8Array(5)), part('EXIF', exifData));
  return bytes('RIFF', le(body.length), body);
}

export function jpeg(exifData: Uint8Array): Uint8Array {
  const segment = (marker: number, data: Uint8Array) => bytes([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255], data);
  return bytes([0xff, 0xd8], segment(0xe0, bytes('JFIF', [0])), segment(0xe1, bytes('Exif', [0, 0], exifData)), [0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]);
}
