import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LegcnetError, unexpected } from '../errors.js';
import { type ByteSource, bufferSource, bytesOf, fileError, truncated, withBytes } from './files.js';
import { type NdArray, sizeOf } from './ndarray.js';
import { plural } from '../plural.js';

// The IDX format of MNIST: two zero bytes, the element type, the number of axes, each extent as a big-endian
// 32-bit number, the elements in C order. http://yann.lecun.com/exdb/mnist/

const UNSIGNED_BYTE = 0x08;
/** What a compressed file may unpack to; more is taken for a broken file. */
const MAX_UNPACKED_BYTES = 2 ** 31 - 1;

/** One part of a set of images. */
export interface IdxPart {
  /** Pixels 0..255, [n, height, width]. */
  readonly images: NdArray<Uint8Array>;
  /** [n], as the file has them. */
  readonly labels: Uint8Array;
}

export interface IdxFolder {
  readonly train: IdxPart;
  /** Absent if the folder has no t10k files. */
  readonly test?: IdxPart;
}

/**
 * Reads an IDX file of unsigned bytes, plain or gzip-compressed (a name that ends in .gz).
 * A plain file is read straight into the result; a compressed one is unpacked in the background.
 * @param rank the number of axes it must have; default any
 * @throws LegcnetError `ERR_DATA` for another format, element type or rank, and for a file that is shorter or longer
 * than its extents say; `ERR_FILE` if it cannot be read
 */
export async function readIdx(path: string, rank?: number): Promise<NdArray<Uint8Array>> {
  if (!path.endsWith('.gz')) return withBytes(path, (source) => readSource(source, rank));
  const bytes = await unpack(path);
  const { shape, dataOffset } = await readHeader(bufferSource(bytes, path), rank);
  return { data: bytes.subarray(dataOffset), shape };
}

/**
 * Reads the four files of MNIST, Fashion-MNIST and their like from one folder: `train-images-idx3-ubyte`,
 * `train-labels-idx1-ubyte` and the same with t10k; the dash before idx may be a dot; each may end in .gz.
 * @throws LegcnetError `ERR_DATA` naming the files that are missing, or if images and labels differ in number; as `readIdx`
 */
export async function readIdxFolder(folder: string): Promise<IdxFolder> {
  const names = await list(folder);
  const train = await readPart(folder, names, 'train');
  if (!names.some((name) => name.startsWith('t10k-images'))) return { train };
  return { train, test: await readPart(folder, names, 't10k') };
}

/**
 * Reads one file of images and, beside it, the file of labels whose name has "labels" for "images" and "idx1" for "idx3".
 * @throws LegcnetError as `readIdxFolder`
 */
export async function readIdxImages(path: string): Promise<IdxPart> {
  const images = basename(path);
  const labels = images.replace('images', 'labels').replace('idx3', 'idx1');
  if (labels === images) throw unexpected('ERR_DATA', path, 'a file name with "images" in it', images);
  return readPair(path, join(dirname(path), labels));
}

/** Whether a folder holds training images in IDX files, by their names. */
export function holdsIdx(names: readonly string[]): boolean {
  return candidates('train', 'images', 'idx3').some((name) => names.includes(name));
}

async function readPart(folder: string, names: readonly string[], part: 'train' | 't10k'): Promise<IdxPart> {
  const find = (kind: string, idx: string): string => {
    const wanted = candidates(part, kind, idx);
    const found = wanted.find((name) => names.includes(name));
    if (found === undefined) throw unexpected('ERR_DATA', folder, wanted.join(' or '), names.slice(0, 20).join(', '));
    return join(folder, found);
  };
  return readPair(find('images', 'idx3'), find('labels', 'idx1'));
}

function candidates(part: string, kind: string, idx: string): string[] {
  return ['-', '.'].flatMap((joint) => ['', '.gz'].map((end) => `${part}-${kind}${joint}${idx}-ubyte${end}`));
}

async function readPair(imagesPath: string, labelsPath: string): Promise<IdxPart> {
  const [images, { data: labels }] = await Promise.all([readIdx(imagesPath, 3), readIdx(labelsPath, 1)]);
  if (images.shape[0] !== labels.length) {
    throw unexpected('ERR_DATA', labelsPath, `${plural(images.shape[0]!, 'label')}, one for each image`, labels.length);
  }
  return { images, labels };
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw fileError('read', folder, error);
  }
}

async function readSource(source: ByteSource, rank: number | undefined): Promise<NdArray<Uint8Array>> {
  const { shape, dataOffset } = await readHeader(source, rank);
  const data = new Uint8Array(sizeOf(shape));
  await source.read(data, dataOffset);
  return { data, shape };
}

async function readHeader(source: ByteSource, rank?: number): Promise<{ shape: number[]; dataOffset: number }> {
  const { name } = source;
  const magic = Buffer.alloc(4);
  await source.read(magic, 0);
  if (magic[0] !== 0 || magic[1] !== 0) {
    throw unexpected('ERR_DATA', name, 'an IDX file (starting with two zero bytes)', `bytes ${magic.toString('hex')}`);
  }
  if (magic[2] !== UNSIGNED_BYTE) {
    throw unexpected('ERR_DATA', `${name}, element type`, '0x08 (unsigned byte)', `0x${magic.toString('hex', 2, 3)}`);
  }
  const axes = magic[3]!;
  if (axes === 0 || (rank !== undefined && axes !== rank)) {
    throw unexpected('ERR_DATA', `${name}, number of axes`, String(rank ?? 'at least 1'), axes);
  }
  const extents = Buffer.alloc(4 * axes);
  await source.read(extents, 4);
  const shape = Array.from({ length: axes }, (_, axis) => extents.readUInt32BE(4 * axis));
  const dataOffset = 4 + 4 * axes;
  const size = dataOffset + sizeOf(shape);
  if (source.size < size) throw truncated(`${name} of shape [${shape.join(', ')}]`, size, source.size);
  if (source.size > size) {
    throw unexpected('ERR_DATA', `${name} of shape [${shape.join(', ')}]`, `${size} bytes`, source.size);
  }
  return { shape, dataOffset };
}

async function unpack(path: string): Promise<Uint8Array> {
  let packed: Buffer;
  try {
    packed = await readFile(path);
  } catch (error) {
    throw fileError('read', path, error);
  }
  try {
    return bytesOf(await promisify(gunzip)(packed, { maxOutputLength: MAX_UNPACKED_BYTES }));
  } catch (cause) {
    throw new LegcnetError('ERR_DATA', `${path} is not a whole gzip file: ${(cause as Error).message}`, {
      subject: path,
      cause,
    });
  }
}
