import { describe, expect, test } from 'vitest';
import type { NodeDefinition } from '../../src/model/definition';
import { makeRegistry } from '../../src/model/object_info';
import { converters, fittingNodes, matchScore, searchNodes } from '../../src/model/search';
import { typesFit } from '../../src/model/types';
import { registry } from './scene';

const names = (query: string, recent: string[] = []) => searchNodes(registry.all(), query, recent).map(({ type }) => type);

describe('typing', () => {
  test.each([
    ['ksam', 'KSampler'], ['ksampler', 'KSampler'], ['load checkpoint', 'CheckpointLoaderSimple'], ['ckpt', 'CheckpointLoaderSimple'], ['vae dec', 'VAEDecode'],
    ['clip text', 'CLIPTextEncode'], ['lora', 'LoraLoader'], ['save im', 'SaveImage'], ['prompt', 'CLIPTextEncode'], ['invert', 'ImageInvert'],
    ['empty latent', 'EmptyLatentImage'], ['vd', 'VAEDecode'], ['kspl', 'KSampler'], ['note', 'Note'], ['rerou', 'Reroute'], ['comment', 'Note'],
  ])('%s', (query, first) => {
    expect(names(query)[0]).toBe(first);
  });

  test('every word must be found somewhere', () => {
    expect(names('sampler zebra')).toEqual([]);
    expect(names('latent upscale by')[0]).toBe('LatentUpscaleBy');
    expect(names('by latent upscale')[0]).toBe('LatentUpscaleBy');
  });

  test('recent ones win among equals, not over better ones', () => {
    expect(names('sampler', ['KSamplerSelect'])[0]).toBe('KSamplerSelect');
    expect(names('vae decode', ['VAEEncode'])[0]).toBe('VAEDecode');
  });

  test('nothing typed lists recent ones first, then all', () => {
    const found = names('', ['VAEDecode', 'SaveImage']);
    expect(found.slice(0, 2)).toEqual(['VAEDecode', 'SaveImage']);
    expect(found).toHaveLength(registry.all().length);
  });

  test('accents and case do not matter', () => {
    expect(matchScore('Écran', 'ecran')).toBe(12);
  });

  test('everything is found by its own title', () => {
    for (const definition of registry.all()) expect(names(definition.displayName)).toContain(definition.type);
  });

  test('1,000 definitions take less than 50 ms', () => {
    const many = Array.from({ length: 12 }, (_, i) => registry.all().map((each): NodeDefinition => ({ ...each, type: `${each.type}${i}`, displayName: `${each.displayName} ${i}` }))).flat();
    expect(many.length).toBeGreaterThan(1000);
    searchNodes(many, 'warm up');
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      searchNodes(many, 'ksampler adv');
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe('a dragged link', () => {
  test('lists exactly the definitions with a fitting socket', () => {
    for (const type of ['MODEL', 'CLIP', 'LATENT', 'IMAGE', 'INT', '*']) {
      const found = fittingNodes(registry, { looksFor: 'input', type }).map(({ definition }) => definition.type).sort();
      expect(found).toEqual(registry.all().filter((each) => each.inputs.some((input) => typesFit(input.type, type))).map((each) => each.type).sort());
      const sources = fittingNodes(registry, { looksFor: 'output', type }).map(({ definition }) => definition.type).sort();
      expect(sources).toEqual(registry.all().filter((each) => each.outputs.some((output) => typesFit(output.type, type))).map((each) => each.type).sort());
    }
  });

  test('tells the socket, exact and required ones first', () => {
    const [first] = fittingNodes(registry, { looksFor: 'input', type: 'LATENT' });
    expect(first?.definition.inputs.find((input) => input.name === first.socket)?.type).toBe('LATENT');
    const types = fittingNodes(registry, { looksFor: 'input', type: 'IMAGE' }).map(({ definition }) => definition.type);
    expect(types.indexOf('SaveImage')).toBeLessThan(types.indexOf('Reroute'));
    expect(fittingNodes(registry, { looksFor: 'output', type: 'VAE' })[0]?.definition.outputs.some((output) => output.type === 'VAE')).toBe(true);
  });

  test('a value lists those that take one', () => {
    const found = fittingNodes(registry, { looksFor: 'input', type: 'INT' });
    expect(found.every(({ definition, socket }) => definition.inputs.some((input) => input.name === socket && typesFit(input.type, 'INT')))).toBe(true);
  });

  test('recent ones come first', () => {
    const plain = fittingNodes(registry, { looksFor: 'input', type: 'MODEL' }).map(({ definition }) => definition.type);
    const last = plain.filter((type) => type !== 'Reroute').at(-1) as string;
    expect(fittingNodes(registry, { looksFor: 'input', type: 'MODEL' }, [last])[0]?.definition.type).toBe(last);
  });
});

describe('converters', () => {
  test('one step from one type to another', () => {
    expect(converters(registry, 'LATENT', 'IMAGE')[0]).toMatchObject({ definition: { type: 'VAEDecode' }, input: 'samples', output: 0 });
    expect(converters(registry, 'IMAGE', 'LATENT')[0]?.definition.type).toBe('VAEEncode');
    expect(converters(registry, 'CLIP', 'CONDITIONING')[0]?.definition.type).toBe('CLIPTextEncode');
    expect(converters(registry, 'VAE', 'SIGMAS')).toEqual([]);
    expect(converters(registry, '*', 'IMAGE')).toEqual([]);
  });
});

test('old names of types are known', () => {
  const plain = registry.all().find((each) => each.type === 'SaveImage') as NodeDefinition;
  const renamed = makeRegistry([{ ...plain, type: 'ControlNetLoader' }]);
  expect(renamed.get('T2IAdapterLoader')?.type).toBe('ControlNetLoader');
  expect(renamed.get('Nothing')).toBeUndefined();
});
