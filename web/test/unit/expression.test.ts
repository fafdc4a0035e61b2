import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/model/expression';
import { fitNumber, stepNumber } from '../../src/model/numbers';
import type { FloatWidget, IntWidget } from '../../src/model/definition';

const int = (more: Partial<IntWidget> = {}): IntWidget => ({ kind: 'int', default: 0, min: null, max: null, step: 1, control: false, ...more });
const float = (more: Partial<FloatWidget> = {}): FloatWidget => ({ kind: 'float', default: 0, min: null, max: null, step: 0.1, round: null, control: false, ...more });

describe('typed arithmetic', () => {
  test.each([
    ['512*1.5', 768], [' 1280 / 8 ', 160], ['1+2*3', 7], ['(1+2)*3', 9], ['-2^2', -4], ['2^3^2', 512], ['2**10', 1024],
    ['10 % 4', 2], ['7/2', 3.5], ['.5+.25', 0.75], ['1e3', 1000], ['--3', 3], ['+4', 4], ['1,024*2', 2048], ['2^-1', 0.5],
    ['2^64-1', 18446744073709551615n], ['18446744073709551615', 18446744073709551615n], ['18446744073709551615-18446744073709551614', 1],
    ['9007199254740993*1', 9007199254740993n], ['-9223372036854775808+1', -9223372036854775807n], ['6/3', 2],
  ] as const)('%s', (text, value) => {
    expect(evaluate(text)).toEqual({ ok: true, value });
  });

  test.each([
    ['', 'there is no number'], ['1+', 'something is missing at the end'], ['(1', 'a closing bracket is missing'], ['1)', ') is out of place'],
    ['1 2', '2 is out of place'], ['abc', 'abc is not understood'], ['1/0', 'division by zero'], ['5%0', 'division by zero'], ['10^5000', 'the number is too large'],
    ['9^9^9^9', 'the number is too large'], ['1e308*10', 'the number is too large'], ['*2', '* is out of place'], ['alert(1)', 'alert(1) is not understood'],
    ['('.repeat(300), 'this is too long'],
  ])('%j is refused', (text, reason) => {
    expect(evaluate(text)).toEqual({ ok: false, reason });
  });
});

describe('numbers of widgets', () => {
  test('stay in their range', () => {
    expect(fitNumber(int({ min: 1, max: 100 }), 500)).toBe(100);
    expect(fitNumber(int({ min: 1 }), -3)).toBe(1);
    expect(fitNumber(int({ max: 18446744073709551615n }), 2n ** 70n)).toBe(18446744073709551615n);
    expect(fitNumber(float({ min: 0, max: 1 }), 1.5)).toBe(1);
  });

  test('whole ones lose their fraction, others are rounded as declared', () => {
    expect(fitNumber(int(), 7.9)).toBe(7);
    expect(fitNumber(float({ round: 0.01 }), 1.23456)).toBe(1.23);
    expect(fitNumber(float(), 1.23456)).toBe(1.23456);
  });

  test('go up and down in steps without dust', () => {
    expect(stepNumber(int({ step: 8 }), 512, 2)).toBe(528);
    expect(stepNumber(int(), 9007199254740992n, 1)).toBe(9007199254740993n);
    expect(stepNumber(float(), 0.2, 1)).toBe(0.3);
    expect(stepNumber(float({ step: 0.01 }), 0.69, 1)).toBe(0.7);
    expect(stepNumber(float({ min: 0 }), 0.05, -1)).toBe(0);
  });
});
