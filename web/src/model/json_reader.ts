// The parser behind parseJson: one pass over the text, with a bound on the nesting.

import { JsonError, KEY_ORDER, type Json } from './json';

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORDS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', null],
  ['Infinity', null],
  ['-Infinity', null],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t",
};

export class JsonReader {
  private at = 0;

  constructor(private readonly text: string, private readonly maxDepth: number) {
    if (text.charCodeAt(0) === 0xfeff) this.at = 1;
  }

  read(): Json {
    const value = this.value(0);
    this.skipBlanks();
    if (this.at < this.text.length) throw this.error('expected the end of the text');
    return value;
  }

  private value(depth: number): Json {
    if (depth > this.maxDepth) throw this.error(`nested deeper than ${this.maxDepth} levels`);
    this.skipBlanks();
    const first = this.text[this.at];
    if (first === '"') return this.string();
    if (first === '{') return this.object(depth);
    if (first === '[') return this.list(depth);
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  private object(depth: number): Json {
    const result: Record<string, Json> = {};
    const order: string[] = [];
    let sorted = true;  // whether JavaScript would list the keys in the order read
    this.at++;
    if (this.takes('}')) return result;
    do {
      this.skipBlanks();
      if (this.text[this.at] !== '"') throw this.error("expected a key in quotes");
      const key = this.string();
      if (!this.takes(":")) throw this.error('expected ":"');
      const value = this.value(depth + 1);
      if (/^\d+$/.test(key)) sorted = false;
      if (!Object.hasOwn(result, key)) order.push(key);
      // A plain assignment to __proto__ would change the object's prototype.
      if (key === '__proto__') Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
      else result[key] = value;
    } while (this.takes(','));
    if (!this.takes("}")) throw this.error('expected "," or "}"');
    if (sorted || Object.keys(result).every((key, i) => key === order[i])) return result;
    return Object.assign(result, { [KEY_ORDER]: order });
  }

  private list(depth: number): Json {
    const result: Json[] = [];
    this.at++;
    if (this.takes(']')) return result;
    do {
      result.push(this.value(depth + 1));
    } while (this.takes(','));
    if (!this.takes("]")) throw this.error('expected "," or "]"');
    return result;
  }

  private number(): number | bigint {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw this.error('expected a value');
    const [source, fraction, exponent] = match;
    this.at += source.length;
    const value = Number(source);
    if (!Number.isFinite(value)) throw this.error(`${source.slice(0, 40)} is too large a number`);
    const whole = fraction === undefined && exponent === undefined;
    if (!whole || Number.isSafeInteger(value)) return value;
    return BigInt(source);
  }

  private string(): string {
    let start = ++this.at;
    let result = '';
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) return result + this.text.slice(start, this.at++);
      if (code === 0x5c) {
        result += this.text.slice(start, this.at) + this.escape();
        start = this.at;
      } else if (code < 0x20) {
        throw this.error('a control character in a text');
      } else if (Number.isNaN(code)) {
        throw this.error('a text without its closing quote');
      } else {
        this.at++;
      }
    }
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    const digits = this.text.slice(this.at + 2, this.at + 6);
    if (letter === 'u' && /^[0-9a-fA-F]{4}$/.test(digits)) {
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    if (!Object.hasOwn(ESCAPES, letter)) throw this.error('an unknown escape in a text');
    this.at += 2;
    return ESCAPES[letter] as string;
  }

  private takes(character: string): boolean {
    this.skipBlanks();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private skipBlanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private error(what: string): JsonError {
    const before = this.text.slice(0, this.at);
    const line = before.split('\n').length;
    const column = this.at - before.lastIndexOf('\n');
    return new JsonError(`line ${line}, column ${column}: ${what}`);
  }
}
