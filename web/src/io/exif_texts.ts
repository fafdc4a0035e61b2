// The texts in EXIF data, as WebP and JPEG pictures carry them: "workflow:{...}" and "prompt:{...}" in text fields, and the
// user comment.

import { Bytes, latin1, utf8OrLatin1 } from './bytes';
import { MAX_TEXT, type PictureTexts } from './picture_texts';

/// Types of one byte each: bytes, ASCII, undefined, UTF-8.
const TEXT_TYPES = [1, 2, 7, 129];
const EXIF_FOLDER = 0x8769;
const USER_COMMENT = 0x9286;
const MAX_ENTRIES = 1000;

/// `data` begins with the byte order, "II" or "MM". What is damaged in it is left out.
export function readExifTexts(data: Uint8Array, texts: PictureTexts): void {
  const start = latin1(data.subarray(0, 6)) === 'Exif\0\0' ? 6 : 0;
  const order = latin1(data.subarray(start, start + 2));
  if (order !== 'II' && order !== 'MM') return;
  const bytes = new Bytes(data.subarray(start), order === 'II');
  if (bytes.length < 8 || bytes.u16(2) !== 42) return;
  const seen = new Set<number>();
  const queue = [bytes.u32(4)];
  for (let folder = queue.pop(); folder !== undefined && seen.size < 4; folder = queue.pop()) {
    if (seen.has(folder)) continue;
    seen.add(folder);
    queue.push(...readFolder(bytes, folder, order === 'II', texts));
  }
}

/// Returns where further folders are.
function readFolder(bytes: Bytes, at: number, littleEndian: boolean, texts: PictureTexts): number[] {
  if (at + 2 > bytes.length) return [];
  const count = Math.min(bytes.u16(at), MAX_ENTRIES, Math.floor((bytes.length - at - 2) / 12));
  const further: number[] = [];
  for (let i = 0; i < count; i++) {
    const entry = at + 2 + 12 * i;
    const [tag, type, length] = [bytes.u16(entry), bytes.u16(entry + 2), bytes.u32(entry + 4)];
    if (tag === EXIF_FOLDER) further.push(bytes.u32(entry + 8));
    if (!TEXT_TYPES.includes(type)) continue;
    const place = length <= 4 ? entry + 8 : bytes.u32(entry + 8);
    if (length > MAX_TEXT || place + length > bytes.length) continue;
    const value = bytes.slice(place, length);
    if (tag === USER_COMMENT) addComment(value, littleEndian, texts);
    else addKeyed(utf8OrLatin1(value).replace(/\0+$/, ''), texts);
  }
  return further;
}

function addKeyed(text: string, texts: PictureTexts): void {
  const match = /^([A-Za-z][\w. -]{0,78}):/.exec(text);
  if (match === null) return;
  const keyword = (match[1] as string).replace(/^(prompt|workflow)$/i, (name) => name.toLowerCase());
  if (!texts.has(keyword)) texts.set(keyword, text.slice(match[0].length).trim());
}

/// Eight bytes say the encoding.
function addComment(value: Uint8Array, littleEndian: boolean, texts: PictureTexts): void {
  if (value.length < 8 || texts.has('parameters')) return;
  const code = latin1(value.subarray(0, 8)).replace(/\0+$/, '');
  const text = value.subarray(8);
  if (code === 'UNICODE') texts.set('parameters', utf16(text, littleEndian));
  else if (code === 'ASCII' || code === '') texts.set('parameters', utf8OrLatin1(text).replace(/\0+$/, ''));
}

/// Writers do not agree on the order of bytes; letters have their zero in the first byte of big-endian text.
function utf16(data: Uint8Array, littleEndian: boolean): string {
  const zeros = [0, 0];
  data.slice(0, 200).forEach((byte, i) => byte === 0 && (zeros[i % 2] = (zeros[i % 2] as number) + 1));
  const [first, second] = zeros as [number, number];
  const little = first === second ? littleEndian : second > first;
  return new TextDecoder(little ? 'utf-16le' : 'utf-16be').decode(data).replace(/\0+$/, '');
}
