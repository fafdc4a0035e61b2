// A graph of many nodes in the editor's format: chains from a checkpoint to a saved picture, side by side.

const CHAIN = [
  { type: 'CheckpointLoaderSimple', size: [270, 100], inputs: [], outputs: ['MODEL', 'CLIP', 'VAE'], values: ['pocket.safetensors'] },
  { type: 'LoraLoader', size: [270, 130], inputs: [['model', 'MODEL', 0, 0], ['clip', 'CLIP', 0, 1]], outputs: ['MODEL', 'CLIP'], values: ['ink.safetensors', 0.8, 0.8] },
  { type: 'CLIPTextEncode', size: [400, 180], inputs: [['clip', 'CLIP', 1, 1]], outputs: ['CONDITIONING'], values: ['ink style, a castle in the snow at sunset'] },
  { type: 'CLIPTextEncode', size: [400, 180], inputs: [['clip', 'CLIP', 1, 1]], outputs: ['CONDITIONING'], values: ['text, watermark'] },
  { type: 'EmptyLatentImage', size: [270, 110], inputs: [], outputs: ['LATENT'], values: [512, 512, 1] },
  {
    type: 'KSampler', size: [270, 260], outputs: ['LATENT'], values: [3, 'fixed', 20, 8, 'euler', 'normal', 1],
    inputs: [['model', 'MODEL', 1, 0], ['positive', 'CONDITIONING', 2, 0], ['negative', 'CONDITIONING', 3, 0], ['latent_image', 'LATENT', 4, 0]],
  },
  { type: 'VAEDecode', size: [200, 60], inputs: [['samples', 'LATENT', 5, 0], ['vae', 'VAE', 0, 2]], outputs: ['IMAGE'] },
  { type: 'ImageScale', size: [270, 160], inputs: [['image', 'IMAGE', 6, 0]], outputs: ['IMAGE'], values: ['bilinear', 768, 768, 'disabled'] },
  { type: 'ImageBatch', size: [220, 70], inputs: [['image1', 'IMAGE', 6, 0], ['image2', 'IMAGE', 7, 0]], outputs: ['IMAGE'] },
  { type: 'SaveImage', size: [270, 110], inputs: [['images', 'IMAGE', 8, 0]], outputs: [], values: ['bench'] },
];
const PLACES = [[0, 0], [320, 0], [640, 0], [640, 260], [640, 520], [1090, 0], [1410, 0], [1410, 120], [1730, 0], [2000, 0]];
const COLUMNS = 5;
const [COLUMN, ROW] = [2400, 800];

export function editorGraph(count) {
  const nodes = [];
  const links = [];
  for (let i = 0; i < count; i++) {
    const [chain, place] = [Math.floor(i / CHAIN.length), i % CHAIN.length];
    const { type, size, inputs, outputs, values } = CHAIN[place];
    const [x, y] = [(chain % COLUMNS) * COLUMN, Math.floor(chain / COLUMNS) * ROW];
    const id = i + 1;
    nodes.push({
      id, type, size, pos: [x + PLACES[place][0], y + PLACES[place][1]], flags: {}, order: i, mode: 0, properties: {},
      inputs: inputs.map(([name, kind, from, slot], at) => {
        const link = links.length + 1;
        const source = chain * CHAIN.length + from;
        links.push([link, source + 1, slot, id, at, kind]);
        nodes[source].outputs[slot].links.push(link);
        return { name, type: kind, link };
      }),
      outputs: outputs.map((kind) => ({ name: kind, type: kind, links: [] })),
      ...(values ? { widgets_values: values } : {}),
    });
  }
  return { last_node_id: count, last_link_id: links.length, nodes, links, groups: [], config: {}, extra: {}, version: 0.4 };
}
