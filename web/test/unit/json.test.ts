import { describe, expect, test } from 'vitest';
import { JsonError, keysOf, parseJson, sameJson, writeJson, type Json, type JsonObject } from '../../src/model/json';
import { Random } from './random';

const same = (text: string) => expect(writeJson(parseJson(text))).toBe(text);

describe('what is read is written the same', () => {
  test.each([
    '0', '-1', '1.5', '1e-7', '-0', 'true', 'null', '""', '[]', '{}', '[[],{}]',
    '18446744073709551615', '-9223372036854775808', '9007199254740993', '123456789012345678901234567890',
    '{"10":1,"2":2,"a":3}', '{"length":2,"0":"x","1":"y"}', '{"__proto__":{"a":1},"constructor":2}',
    '"\\u0000\\ud800 \\"\\\\"', '"é名🙂"',
  ])('%s', same);

  test('whole numbers up to 2^53 are numbers, larger ones bigints', () => {
    expect(parseJson('9007199254740991')).toBe(9007199254740991);
    expect(parseJson('9007199254740992')).toBe(9007199254740992n);
    expect(parseJson('1e300')).toBe(1e300);
  });

  test('the order of keys survives a change of one of them', () => {
    const object = parseJson('{"2":1,"1":1,"b":1,"a":1}') as JsonObject;
    expect(writeJson({ ...object, '1': 5, c: 6 })).toBe('{"2":1,"1":5,"b":1,"a":1,"c":6}');
    const { 2: _, ...less } = object;
    expect(writeJson(less)).toBe('{"1":1,"b":1,"a":1}');
  });

  test('random values', () => {
    const random = new Random(5);
    for (let i = 0; i < 500; i++) {
      const text = writeJson(randomJson(random, 4));
      expect(writeJson(parseJson(text))).toBe(text);
      expect(writeJson(parseJson(writeJson(parseJson(text), 2)))).toBe(text);
    }
  });
});

test('indents like JSON.stringify', () => {
  const value = { a: [1, { b: null }], c: {}, d: [] };
  expect(writeJson(value, 2)).toBe(JSON.stringify(value, null, 2));
});

test('takes what Python writes for no number', () => {
  expect(parseJson('[NaN, Infinity, -Infinity]')).toEqual([null, null, null]);
});

test('the last of two equal keys counts', () => {
  expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
});

test('a key named __proto__ changes no prototype', () => {
  const object = parseJson('{"__proto__":{"polluted":1}}') as JsonObject;
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
  expect(keysOf(object)).toEqual(['__proto__']);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

describe('mistakes are told with their place', () => {
  test.each([
    ['', 'line 1, column 1: expected a value'],
    ['{"a" 1}', 'line 1, column 6: expected ":"'],
    ['[1,]', 'expected a value'],
    ['[1\n2]', 'line 2, column 1: expected "," or "]"'],
    ['{a:1}', 'expected a key in quotes'],
    ['"abc', 'a text without its closing quote'],
    ['"\\x"', 'an unknown escape in a text'],
    ['"\\u12g4"', 'an unknown escape in a text'],
    ['"\n"', 'a control character in a text'],
    ['1 2', 'expected the end of the text'],
    ['1e999', 'is too large a number'],
    ['01', 'expected the end of the text'],
  ])('%j', (text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });

  test('too deep and too long', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow('nested deeper than 200 levels');
    expect(() => parseJson('"aaaa"', { length: 5, depth: 5 })).toThrow('the text has 6 characters; at most 5 are read');
  });

  test('5,000 damaged texts give a value or a JsonError', () => {
    const random = new Random(9);
    const text = '{"nodes":[{"id":1,"pos":[1.5e3,-2],"t":"a\\u0041\\n"},null,true],"n":18446744073709551615}';
    let errors = 0;
    for (let i = 0; i < 5_000; i++) {
      const at = random.below(text.length);
      const piece = random.pick(['', '"', '{', ']', '\\', ',', '9', '\u0000', 'e', '-']) as string;
      try {
        parseJson(text.slice(0, at) + piece + text.slice(at + random.below(4)));
      } catch (error) {
        expect(error).toBeInstanceOf(JsonError);
        errors++;
      }
    }
    expect(errors).toBeGreaterThan(1_000);
  });
});

test('values are equal whatever the order of keys and the kind of number', () => {
  expect(sameJson({ a: 1, b: [2n] }, { b: [2], a: 1n })).toBe(true);
  expect(sameJson({ a: 1 }, { a: 1, b: null })).toBe(false);
  expect(sameJson([1], { 0: 1 })).toBe(false);
  expect(sameJson('1', 1)).toBe(false);
  expect(sameJson(null, undefined)).toBe(false);
});

function randomJson(random: Random, depth: number): Json {
  const kind = random.below(depth > 0 ? 8 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.next() * 10 ** random.below(20);
  if (kind === 3) return BigInt(random.below(2 ** 30)) * 2n ** 60n + 1n;
  if (kind < 6) return String.fromCharCode(...Array.from({ length: random.below(6) }, () => random.below(0xffff)));
  const items = Array.from({ length: random.below(5) }, () => randomJson(random, depth - 1));
  return kind === 6 ? items : Object.fromEntries(items.map((item, i) => [`${random.below(3) === 0 ? 'k' : ''}${random.below(30) + i * 31}`, item]));
}
