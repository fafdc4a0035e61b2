// A text put into a PNG file, as an iTXt chunk before the file's end.

const END_LENGTH = 12;

export function withPngText(png: Uint8Array, keyword: string, text: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  // Keyword, not packed, no language, no translated keyword.
  const data = joined([encoder.encode(keyword), new Uint8Array(5), encoder.encode(text)]);
  const body = joined([encoder.encode('iTXt'), data]);
  const chunk = joined([u32(data.length), body, u32(crc(body))]);
  const end = png.length - END_LENGTH;
  return joined([png.subarray(0, end), chunk, png.subarray(end)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function crc(data: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of data) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}
