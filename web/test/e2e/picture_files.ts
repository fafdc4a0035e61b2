// Pictures as other programs write them, for scenarios that open files.

import { deflateSync } from 'node:zlib';

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc(data: Buffer): number {
  let c = 0xffffffff;
  for (const byte of data) c = crcTable[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, sum]);
}

/** A picture of one colour, with texts by keyword. */
export function png(width: number, height: number, [r, g, b]: readonly [number, number, number], texts: Record<string, string> = {}): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: width }, () => [r, g, b]).flat())]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    ...Object.entries(texts).map(([keyword, text]) => chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'))),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A WebP whose Exif data hold the graph as ComfyUI writes it: "workflow:{...}" in Make. The picture itself is empty. */
export function webpWithWorkflow(workflow: string): Buffer {
  const text = Buffer.from(`workflow:${workflow}\0`, 'utf8');
  const tiff = Buffer.alloc(8 + 2 + 12 + 4);
  tiff.write('II', 0, 'latin1');
  tiff.writeUInt16LE(42, 2);
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(0x010f, 10);
  tiff.writeUInt16LE(2, 12);
  tiff.writeUInt32LE(text.length, 14);
  tiff.writeUInt32LE(tiff.length, 18);
  const exif = Buffer.concat([tiff, text, Buffer.alloc(text.length % 2)]);
  const head = Buffer.alloc(20);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(12 + exif.length, 4);
  head.write('WEBPEXIF', 8, 'latin1');
  head.writeUInt32LE(exif.length, 16);
  return Buffer.concat([head, exif]);
}

/** A safetensors file that says what it was made for, with hardly anything in it. */
export function loraFile(architecture: string): Buffer {
  const head = Buffer.from(JSON.stringify({
    __metadata__: { 'modelspec.architecture': architecture, ss_network_module: 'networks.lora', ss_base_model_version: 'sdxl_base_v1-0' },
    'lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_down.weight': { dtype: 'F32', shape: [1, 4], data_offsets: [0, 16] },
    'lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_up.weight': { dtype: 'F32', shape: [4, 1], data_offsets: [16, 32] },
  }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, Buffer.alloc(32)]);
}
