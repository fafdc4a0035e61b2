// Unpacking zlib data, up to a bound.

import { FileError } from './file_error';

export async function inflate(data: Uint8Array, limit: number): Promise<Uint8Array> {
  const reader = stream(data).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(parts, length);
      length += value.length;
      if (length > limit) throw new FileError(`a packed text is longer than ${limit} bytes`);
      parts.push(value);
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error instanceof FileError ? error : new FileError('a packed text is damaged');
  }
}

function stream(data: Uint8Array): ReadableStream<Uint8Array> {
  const source = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(data.slice());
      controller.close();
    },
  });
  return source.pipeThrough(new DecompressionStream('deflate'));
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const result = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
