export interface PixelDifference {
  sameSize: boolean;
  /** The part of all pixels, 0 to 1. */
  differing: number;
  /** In the channel that differs most, of 255. */
  largest: number;
}

const LARGEST_SIDE = 4096;

async function pixelsOf(url: string): Promise<ImageData> {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob());
  const [width, height] = [Math.min(bitmap.width, LARGEST_SIDE), Math.min(bitmap.height, LARGEST_SIDE)];
  const drawing = new OffscreenCanvas(width, height).getContext('2d')!;
  drawing.drawImage(bitmap, 0, 0);
  return drawing.getImageData(0, 0, width, height);
}

export async function pixelDifference(first: string, second: string): Promise<PixelDifference> {
  const [a, b] = await Promise.all([pixelsOf(first), pixelsOf(second)]);
  if (a.width !== b.width || a.height !== b.height) return { sameSize: false, differing: 1, largest: 255 };
  let [differing, largest] = [0, 0];
  for (let i = 0; i < a.data.length; i += 4) {
    const by = Math.max(...[0, 1, 2].map((channel) => Math.abs(a.data[i + channel]! - b.data[i + channel]!)));
    if (by > 0) differing++;
    largest = Math.max(largest, by);
  }
  return { sameSize: true, differing: differing / (a.data.length / 4), largest };
}
