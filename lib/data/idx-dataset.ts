import type { RawPart } from './dataset.js';
import type { IdxPart } from './idx.js';

/** Images as rows of pixels, [n, height width], without copying them. */
export function imagesAsRows({ images, labels }: IdxPart): RawPart {
  const [n, height, width] = images.shape as [number, number, number];
  return { features: { data: images.data, shape: [n, height * width] }, labels };
}

/** "pixel row,column" of each feature, row by row from the top. */
export function pixelNames({ images }: IdxPart): string[] {
  const [, height, width] = images.shape as [number, number, number];
  return Array.from({ length: height * width }, (_, i) => `pixel ${Math.floor(i / width)},${i % width}`);
}
