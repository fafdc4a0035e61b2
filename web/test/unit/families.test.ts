import { expect, test } from 'vitest';
import { ROOT } from '../../src/model/document';
import { collapseToSubgraph } from '../../src/model/commands/subgraphs';
import { setMode, setValue } from '../../src/model/commands/values';
import { familyMismatches, modelOfChoice, type KnownModel } from '../../src/model/families';
import { registry, txt2img, value } from './scene';

const models: KnownModel[] = [
  { kind: 'checkpoints', name: 'one.safetensors', family: 'Stable Diffusion 1.x' },
  { kind: 'checkpoints', name: 'xl.safetensors', family: 'Stable Diffusion XL' },
  { kind: 'loras', name: 'ink.safetensors', family: 'Stable Diffusion XL' },
  { kind: 'loras', name: 'plain.safetensors' },
  { kind: 'vae', name: 'any.safetensors', family: 'Stable Diffusion XL' },
];

function scene(checkpoint: string, lora: string) {
  const made = txt2img();
  made.editor.transact('Set', (tx) => {
    setValue(tx, ROOT, '1', 'ckpt_name', checkpoint);
    setValue(tx, ROOT, '2', 'lora_name', lora);
  });
  return made;
}
const found = (made: ReturnType<typeof scene>) => familyMismatches(made.editor.document, registry, models);

test('a LoRA of another family than the checkpoint before it is told of, in words', () => {
  expect(found(scene('one.safetensors', 'ink.safetensors'))).toEqual([
    { step: '2', input: 'lora_name', message: 'ink.safetensors is made for Stable Diffusion XL, but one.safetensors is Stable Diffusion 1.x' },
  ]);
});

test('nothing is said where they fit, where a family is not known, and of what is switched off', () => {
  expect(found(scene('xl.safetensors', 'ink.safetensors'))).toEqual([]);
  expect(found(scene('one.safetensors', 'plain.safetensors'))).toEqual([]);
  expect(found(scene('unknown.safetensors', 'ink.safetensors'))).toEqual([]);
  const off = scene('one.safetensors', 'ink.safetensors');
  off.editor.transact('Bypass', (tx) => setMode(tx, ROOT, ['2'], 4));
  expect(found(off)).toEqual([]);
});

test('inside a subgraph the step is named by the way to it', () => {
  const made = scene('one.safetensors', 'ink.safetensors');
  const node = made.editor.transact('Subgraph', (tx) => value(collapseToSubgraph(tx, ROOT, ['1', '2'], 'Models')));
  expect(found(made).map(({ step }) => step)).toEqual([`${node}:2`]);
});

test('of files with the same name the one of the folder that is listed counts', () => {
  const twice: KnownModel[] = [{ kind: 'checkpoints', name: 'a' }, { kind: 'checkpoints', name: 'b' }, { kind: 'loras', name: 'a', family: 'X' }];
  expect(modelOfChoice({ choices: ['a'] }, 'a', twice)?.kind).toBe('loras');
});
