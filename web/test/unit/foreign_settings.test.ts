import { expect, test } from 'vitest';
import { foreignText, readForeignSettings } from '../../src/io/foreign_settings';
import { Random } from './random';

const text = [
  'a castle, (night:1.2),', 'second line', 'Negative prompt: blurry, bad', 'more bad',
  'Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 18446744073709551615, Size: 512x768, Lora hashes: "ink: 12ab, candy: 34cd", Version: v1.9',
].join('\n');

test('prompt, negative prompt and settings are told apart; a value in quotes keeps its commas', () => {
  expect(readForeignSettings(text)).toEqual({
    prompt: 'a castle, (night:1.2),\nsecond line',
    negative: 'blurry, bad\nmore bad',
    settings: [
      ['Steps', '20'], ['Sampler', 'DPM++ 2M Karras'], ['CFG scale', '7'], ['Seed', '18446744073709551615'], ['Size', '512x768'],
      ['Lora hashes', '"ink: 12ab, candy: 34cd"'], ['Version', 'v1.9'],
    ],
  });
});

test('without a negative prompt, without settings, and with nothing at all', () => {
  expect(readForeignSettings('a castle\nSteps: 2')).toEqual({ prompt: 'a castle', negative: '', settings: [['Steps', '2']] });
  expect(readForeignSettings('a castle: by the sea')).toEqual({ prompt: 'a castle: by the sea', negative: '', settings: [] });
  expect(readForeignSettings('')).toEqual({ prompt: '', negative: '', settings: [] });
});

test('a graph in the same picture goes before', () => {
  expect(foreignText(new Map([['parameters', 'x']]))).toBe('x');
  expect(foreignText(new Map([['parameters', 'x'], ['prompt', '{}']]))).toBeUndefined();
  expect(foreignText(new Map())).toBeUndefined();
});

test('no text makes it fail or hang', () => {
  const random = new Random(7);
  const parts = ['Steps: 1', '"', '\\', ',', ':', '\n', 'Negative prompt:', ' ', 'a', 'é', '""', 'x: "'];
  for (let i = 0; i < 3000; i++) {
    const odd = Array.from({ length: random.below(60) }, () => parts[random.below(parts.length)]).join('');
    expect(() => readForeignSettings(odd)).not.toThrow();
  }
  expect(readForeignSettings(`Steps: 1, ${'a '.repeat(100_000)}`).settings.length).toBeGreaterThan(0);
});
