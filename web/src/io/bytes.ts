// Reading numbers and texts out of bytes, within their bounds.

import { FileError } from './file_error';

export class Bytes {
  constructor(readonly data: Uint8Array, private readonly littleEndian = false) {}

  get length(): number {
    return this.data.length;
  }

  u8(at: number): number {
    return this.data[this.checked(at, 1)] as number;
  }

  u16(at: number): number {
    this.checked(at, 2);
    return this.view().getUint16(at, this.littleEndian);
  }

  u32(at: number): number {
    this.checked(at, 4);
    return this.view().getUint32(at, this.littleEndian);
  }

  slice(start: number, length: number): Uint8Array {
    this.checked(start, length);
    return this.data.subarray(start, start + length);
  }

  ascii(start: number, length: number): string {
    return latin1(this.slice(start, length));
  }

  private view(): DataView {
    return new DataView(this.data.buffer, this.data.byteOffset, this.data.byteLength);
  }

  private checked(at: number, length: number): number {
    if (at < 0 || length < 0 || at + length > this.data.length) throw new FileError('the file ends too early');
    return at;
  }
}

export function latin1(data: Uint8Array): string {
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return text;
}

/// Text that ought to be UTF-8 but, in old files, may be Latin-1.
export function utf8OrLatin1(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return latin1(data);
  }
}
