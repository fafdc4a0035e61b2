// How types look: a colour and a shape, so that colour is never alone.

export type Shape = 'circle' | 'square' | 'diamond' | 'triangle';

const colours: Record<string, string> = {
  MODEL: 'model', CLIP: 'clip', VAE: 'vae', CONDITIONING: 'conditioning', LATENT: 'latent', IMAGE: 'image', MASK: 'mask',
};
const shapes: Record<string, Shape> = { IMAGE: 'square', MASK: 'square', CONDITIONING: 'diamond', LATENT: 'triangle' };

export const colourOf = (type: string): string => `var(--type-${colours[type.toUpperCase()] ?? 'other'})`;
export const shapeOf = (type: string): Shape => shapes[type.toUpperCase()] ?? 'circle';
