import { describe, expect, test } from 'vitest';
import { changeWeight, completions } from '../../src/model/prompt_text';

/// "|" stands for the cursor or, twice, around the selection.
function edited(marked: string, by: number): string {
  const start = marked.indexOf('|');
  const last = marked.lastIndexOf('|');
  const text = marked.replaceAll('|', '');
  const end = last === start ? start : last - 1;
  const edit = changeWeight(text, start, end, by);
  return `${edit.text.slice(0, edit.start)}|${edit.text.slice(edit.start, edit.end)}|${edit.text.slice(edit.end)}`;
}

describe('weights', () => {
  test.each([
    ['a red| house', 0.1, 'a |(red:1.1)| house'],
    ['a |red house|', 0.1, 'a |(red house:1.1)|'],
    ['a |red |house', 0.1, 'a |(red:1.1)| house'],
    ['a (re|d:1.1) house', 0.1, 'a |(red:1.2)| house'],
    ['a |(red:1.1)| house', -0.1, 'a |red| house'],
    ['a (red|:0.9)', 0.1, 'a |red|'],
    ['(a |red| house:1.2)', -0.05, '|(a red house:1.15)|'],
    ['word|, other', -0.1, '|(word:0.9)|, other'],
    ['(deep (er|:1.3):1.1)', 0.1, '(deep |(er:1.4)|:1.1)'],
    ['日本|', 0.1, '|(日本:1.1)|'],
    ['red:blue|', 0.1, 'red:|(blue:1.1)|'],
    ['(a:1.05) |b|', 0.05, '(a:1.05) |(b:1.05)|'],
  ])('%s by %d', (before, by, after) => {
    expect(edited(before, by)).toBe(after);
  });

  test('ten steps up and down are the text again', () => {
    let edit = { text: 'a red house', start: 3, end: 3 };
    for (let i = 0; i < 10; i++) edit = changeWeight(edit.text, edit.start, edit.end, 0.05);
    expect(edit.text).toBe('a (red:1.5) house');
    for (let i = 0; i < 10; i++) edit = changeWeight(edit.text, edit.start, edit.end, -0.05);
    expect(edit.text).toBe('a red house');
  });

  test('where there is no word nothing changes', () => {
    expect(changeWeight('a  b', 2, 2, 0.1)).toEqual({ text: 'a  b', start: 2, end: 2 });
    expect(changeWeight('', 0, 0, 0.1)).toEqual({ text: '', start: 0, end: 0 });
  });

  test('escaped brackets open nothing', () => {
    expect(changeWeight('\\(a b\\)', 2, 3, 0.1).text).toBe('\\((a:1.1) b\\)');
  });
});

describe('completion', () => {
  const sources = { embeddings: ['easynegative', 'bad hands', 'sub/neg'], loras: ['ink.safetensors', 'snowman.safetensors', 'pink.pt'] };
  const labels = (text: string) => completions(text, text.length, sources).map(({ label }) => label);

  test('embeddings after their word', () => {
    expect(labels('a, embedding:')).toEqual(sources.embeddings);
    expect(labels('embedding:neg')).toEqual(['easynegative', 'sub/neg']);
    expect(labels('Embedding:EASY')).toEqual(['easynegative']);
    expect(labels('embedding:easy ')).toEqual([]);
  });

  test('LoRAs, those that begin with it first', () => {
    expect(labels('<lora:')).toEqual(['ink', 'snowman', 'pink']);
    expect(labels('a <lora:in')).toEqual(['ink', 'pink']);
    expect(labels('<lora:ink:1>')).toEqual([]);
  });

  test('the insertion replaces what was typed and completes the bracket', () => {
    const [first] = completions('a <lora:in and', 10, sources);
    expect(first).toEqual({ label: 'ink', insert: 'ink:1>', start: 8, end: 10 });
    const [kept] = completions('a <lora:in:0.5>', 10, sources);
    expect(kept?.insert).toBe('ink');
  });

  test('elsewhere nothing', () => {
    expect(labels('a red house')).toEqual([]);
    expect(completions('embedding:x', 3, sources)).toEqual([]);
  });
});
