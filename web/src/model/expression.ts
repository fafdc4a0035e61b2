// Arithmetic typed into number fields: "512*1.5", "2^32 - 1", "1280 / 8". Whole numbers are exact whatever their size.

import { done, refused, type Outcome } from './outcome';

type Value = number | bigint;

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(\*\*|[-+*/%^()]))/y;
const MAX_LENGTH = 200;
const MAX_BITS = 4096;

class Mistake extends Error {}

/// The value; a bigint only where a whole number is too large to be exact otherwise.
export function evaluate(text: string): Outcome<Value> {
  if (text.length > MAX_LENGTH) return refused('this is too long');
  try {
    const parser = new Parser(tokens(text.replace(/(\d)[,_](?=\d{3}\b)/g, '$1')));
    return done(simplest(parser.whole()));
  } catch (error) {
    if (error instanceof Mistake) return refused(error.message);
    throw error;
  }
}

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Mistake(`${text.slice(at).trim().slice(0, 20)} is not understood`);
    found.push(match[1] ?? (match[2] as string));
  }
  return found;
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  whole(): Value {
    if (this.tokens.length === 0) throw new Mistake('there is no number');
    const value = this.sum();
    if (this.at < this.tokens.length) throw new Mistake(`${this.tokens[this.at]} is out of place`);
    return value;
  }

  private sum(): Value {
    let value = this.product();
    for (;;) {
      if (this.takes('+')) value = both(value, this.product(), (a, b) => a + b, (a, b) => a + b);
      else if (this.takes('-')) value = both(value, this.product(), (a, b) => a - b, (a, b) => a - b);
      else return value;
    }
  }

  private product(): Value {
    let value = this.signed();
    for (;;) {
      if (this.takes('*')) value = both(value, this.signed(), (a, b) => a * b, (a, b) => a * b);
      else if (this.takes('/')) value = divide(value, this.signed());
      else if (this.takes('%')) value = remainder(value, this.signed());
      else return value;
    }
  }

  private signed(): Value {
    if (this.takes('-')) return -this.signed();
    if (this.takes('+')) return this.signed();
    return this.power();
  }

  private power(): Value {
    const base = this.atom();
    return this.takes('^') || this.takes('**') ? power(base, this.signed()) : base;
  }

  private atom(): Value {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new Mistake('something is missing at the end');
    if (token === '(') {
      const value = this.sum();
      if (!this.takes(')')) throw new Mistake('a closing bracket is missing');
      return value;
    }
    if (!/^[\d.]/.test(token)) throw new Mistake(`${token} is out of place`);
    return /^\d+$/.test(token) ? BigInt(token) : finite(Number(token));
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }
}

function both(a: Value, b: Value, whole: (a: bigint, b: bigint) => bigint, real: (a: number, b: number) => number): Value {
  return typeof a === 'bigint' && typeof b === 'bigint' ? bounded(whole(a, b)) : finite(real(Number(a), Number(b)));
}

function divide(a: Value, b: Value): Value {
  if (b == 0) throw new Mistake('division by zero');
  if (typeof a === 'bigint' && typeof b === 'bigint' && a % b === 0n) return a / b;
  return finite(Number(a) / Number(b));
}

function remainder(a: Value, b: Value): Value {
  if (b == 0) throw new Mistake('division by zero');
  return both(a, b, (x, y) => x % y, (x, y) => x % y);
}

function power(a: Value, b: Value): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint' && b >= 0n) {
    if (b > BigInt(MAX_BITS) || a.toString(2).length * Number(b) > MAX_BITS) throw new Mistake('the number is too large');
    return a ** b;
  }
  return finite(Number(a) ** Number(b));
}

function bounded(value: bigint): bigint {
  if (value.toString(16).length > MAX_BITS) throw new Mistake('the number is too large');
  return value;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new Mistake('the number is too large');
  return value;
}

/// A plain number wherever that is exact.
export function simplest(value: Value): Value {
  if (typeof value === 'number') return value;
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}
