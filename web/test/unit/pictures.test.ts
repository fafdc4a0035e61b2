import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FileError } from '../../src/io/file_error';
import { holdsGraph, openFile } from '../../src/io/open_file';
import { pictureKind, readPictureTexts } from '../../src/io/picture_texts';
import { writeDocument } from '../../src/io/editor_format';
import { writeJson } from '../../src/model/json';
import { goldenFile } from './golden_files';
import { bytes, chunk, exif, iTXt, jpeg, png, tEXt, webp, zTXt } from './picture_files';
import { Random } from './random';
import { registry } from './scene';

const TEXT = '{"title":"名前 é","seed":18446744073709551615}';
const ASCII = '{"seed":18446744073709551615}';
const texts = async (data: Uint8Array) => Object.fromEntries(await readPictureTexts(data));

describe('texts of a PNG', () => {
  test('plain, packed and international', async () => {
    const data = png(tEXt('workflow', ASCII), zTXt('prompt', TEXT), iTXt('a', TEXT), iTXt('b', TEXT, true));
    expect(pictureKind(data)).toBe('png');
    expect(await texts(data)).toEqual({ workflow: ASCII, prompt: TEXT, a: TEXT, b: TEXT });
  });

  test('the first of two of a name counts', async () => {
    expect(await texts(png(tEXt('a', '1'), tEXt('a', '2')))).toEqual({ a: '1' });
  });

  test('Latin-1 where it is no UTF-8', async () => {
    expect(await texts(png(tEXt('a', 'caf\xe9')))).toEqual({ a: 'café' });
  });

  test('what stands before the place where a file is cut off', async () => {
    const data = png(tEXt('workflow', ASCII), tEXt('prompt', ASCII));
    const end = data.length - 60;
    expect(Object.keys(await texts(data.slice(0, end)))).toContain('workflow');
    expect(await texts(data.slice(0, 20))).toEqual({});
  });

  test('a chunk whose sum is wrong is left out', async () => {
    const data = png(tEXt('a', 'text'), tEXt('b', 'text'));
    data[50] = (data[50] as number) ^ 1;
    expect(Object.keys(await texts(data))).toEqual(['b']);
  });

  test('a small packed text that is huge unpacked is refused', async () => {
    const bomb = chunk('zTXt', bytes('workflow', [0, 0], deflateSync(new Uint8Array(33 * 1024 * 1024))));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(readPictureTexts(png(bomb))).rejects.toThrow('a packed text is longer than 33554432 bytes');
  }, 60_000);

  test('a damaged packed text is refused', async () => {
    await expect(readPictureTexts(png(chunk('zTXt', bytes('workflow', [0, 0], 'no zlib'))))).rejects.toThrow('a packed text is damaged');
  });
});

describe('texts of WebP and JPEG', () => {
  const EXIF = { 0x010f: `workflow:${TEXT}`, 0x0110: `Prompt: ${ASCII}`, 0x010e: 'a camera' };
  test.each([[false, 'big'], [true, 'little']])('WebP, %s: %s-endian', async (little) => {
    expect(await texts(webp(exif(EXIF, little)))).toEqual({ workflow: TEXT, prompt: ASCII });
  });
  test('JPEG', async () => {
    expect(pictureKind(jpeg(exif(EXIF)))).toBe('jpeg');
    expect(await texts(jpeg(exif(EXIF)))).toEqual({ workflow: TEXT, prompt: ASCII });
  });
  test('folders that point at one another end', async () => {
    const data = exif(EXIF);
    data.set([0x87, 0x69, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8], 10);  // an EXIF folder that is the first one
    expect(await texts(webp(data))).toBeTypeOf('object');
  });
});

describe('10,000 damaged pictures', () => {
  const packed = png(tEXt('workflow', ASCII), zTXt('prompt', TEXT), iTXt('c', TEXT, true));
  const pictures = [png(tEXt('workflow', ASCII), tEXt('prompt', ASCII), iTXt('c', TEXT)), webp(exif({ 0x010f: `workflow:${TEXT}` })), webp(exif({ 0x010f: `workflow:${TEXT}` }, true)), jpeg(exif({ 0x010f: `workflow:${TEXT}` }))];

  test('give texts or a FileError, and nothing else', async () => {
    const random = new Random(4);
    const kinds = { read: 0, refused: 0 };
    for (let i = 0; i < 10_000; i++) {
      const data = (i % 25 === 0 ? packed : (pictures[i % pictures.length] as Uint8Array)).slice();
      for (let changes = 1 + random.below(4); changes > 0; changes--) data[random.below(data.length)] = random.chance(0.3) ? 255 : random.below(256);
      const cut = random.chance(0.2) ? data.slice(0, random.below(data.length)) : data;
      try {
        await readPictureTexts(cut);
        kinds.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(FileError);
        kinds.refused++;
      }
    }
    expect(kinds.read).toBeGreaterThan(1000);
    expect(kinds.refused).toBeGreaterThan(5);
  }, 60_000);

  test('opening them likewise', async () => {
    const random = new Random(5);
    for (let i = 0; i < 300; i++) {
      const data = (pictures[i % pictures.length] as Uint8Array).slice();
      data[random.below(data.length)] = random.below(256);
      await openFile(data, registry).catch((error: unknown) => expect(error).toBeInstanceOf(FileError));
    }
  }, 60_000);
});

describe('opening files', () => {
  const { json, text } = goldenFile('ui_graphs/plain.ui.json');
  const api = goldenFile('ui_graphs/plain.api.json').text;
  const encode = (value: string) => new TextEncoder().encode(value);

  test('a picture gives the editor document, else the steps', async () => {
    const both = await openFile(png(iTXt('prompt', api), iTXt('workflow', text)), registry);
    expect([both.format, both.picture]).toEqual(['editor', true]);
    expect(writeJson(writeDocument(both.document))).toBe(writeJson(json));
    expect((await openFile(png(iTXt('prompt', api)), registry)).format).toBe('api');
    expect((await openFile(png(iTXt('prompt', api), tEXt('workflow', '{broken')), registry)).format).toBe('api');
  });

  test('JSON of every kind', async () => {
    const pipeline = `{"heddle":"pipeline/1","title":"T","inputs":{},"graph":${api}}`;
    expect((await openFile(encode(text), registry)).format).toBe('editor');
    expect((await openFile(encode(api), registry)).format).toBe('api');
    expect(await openFile(encode(pipeline), registry)).toMatchObject({ format: 'pipeline', pipeline: { title: 'T' } });
    expect((await openFile(encode(`{"prompt":${api}}`), registry)).format).toBe('api');
    expect((await openFile(encode(`{"prompt":${api},"extra_data":{"extra_pnginfo":{"workflow":${text}}}}`), registry)).format).toBe('editor');
    expect((await openFile(encode(`\ufeff${text}`), registry)).format).toBe('editor');
  });

  test.each([
    ['{"a":1}', 'this JSON is no workflow: neither a list of nodes nor steps with a class_type'],
    ['{', 'this is no JSON: line 1, column 2: expected a key in quotes'],
    ['', 'this is no JSON: line 1, column 1: expected a value'],
    ['['.repeat(5000), 'nested deeper than 200 levels'],
    ['{"heddle":"pipeline/1"}', 'this JSON is no workflow'],
  ])('%j is refused in words', async (file, message) => {
    await expect(openFile(encode(file), registry)).rejects.toThrow(message);
  });

  test('other bytes, empty pictures and others\' settings are refused in words', async () => {
    await expect(openFile(bytes([0xff, 0xfe, 0, 1]), registry)).rejects.toThrow('this file is neither a picture nor text');
    await expect(openFile(png(), registry)).rejects.toThrow('this picture holds no workflow');
    await expect(openFile(png(tEXt('parameters', 'a house\nSteps: 20')), registry)).rejects.toThrow("this picture holds no workflow, only another program's settings");
  });

  test('whether a picture holds a graph', async () => {
    expect(await holdsGraph(png(tEXt('prompt', api)))).toBe(true);
    expect(await holdsGraph(png())).toBe(false);
    expect(await holdsGraph(encode(text))).toBe(false);
  });

  test('random damage to a workflow opens or is refused', async () => {
    const random = new Random(8);
    for (let i = 0; i < 150; i++) {
      const data = encode(text);
      for (let changes = 1 + random.below(3); changes > 0; changes--) data[random.below(data.length)] = 32 + random.below(95);
      await openFile(data, registry).catch((error: unknown) => expect(error).toBeInstanceOf(FileError));
    }
  }, 60_000);
});
