import { unexpected } from '../errors.js';
import { type Dtype, type DtypeArrays, bytesPer, createStorage, dtypeOf, toNumbers } from './dtype.js';
import { type ByteSource, bytesOf, withBytes, writeFileAtomic } from './files.js';
import { type NdArray, type TypedArray, ndarray, sizeOf } from './ndarray.js';
import { type NpyHeader, formatNpyHeader, readNpyHeader } from './npy-header.js';
import { plural } from '../plural.js';
import { inTurns } from '../turns.js';

export interface ReadNpyOptions<D extends Dtype = Dtype> {
  /** The element type the file must have, or several of them; default any. */
  readonly dtype?: D | readonly D[];
  /** The number of axes the array must have; default any. */
  readonly rank?: number;
  /** Only rows [first, end) of the first axis, to read a big file piece by piece; default all. Not for Fortran order. */
  readonly rows?: readonly [first: number, end: number];
  /**
   * Whether the array is to be over a SharedArrayBuffer, which `lyapunovExponents` and `grangerTest` read where it is instead
   * of a copy, and which other threads can share. Default false.
   */
  readonly shared?: boolean;
}

/**
 * Reads a .npy file of numbers, format versions 1 to 3, little-endian. Fortran order is transposed to C order.
 * Elements keep their type, except that 64-bit integers come as doubles and booleans as Uint8Array of 0 and 1.
 * Files over 2 GiB are read in pieces into one array; `rows` reads a part of a file that does not fit in memory.
 * Bytes after the last element are ignored, as numpy does. Cost: O(elements), one copy in memory (two for Fortran order).
 * @param input a path, or the bytes of a file
 * @throws LegcnetError `ERR_FILE` if it cannot be opened; `ERR_DATA` if it is truncated, not .npy, not of the dtype or
 * rank asked for, holds an integer beyond 2^53 - 1, or does not fit in memory; `ERR_OPTION` for rows out of range
 */
export async function readNpy<D extends Dtype = Dtype>(
  input: string | Uint8Array,
  options: ReadNpyOptions<D> = {},
): Promise<NdArray<DtypeArrays[D]>> {
  return withBytes(input, async (source) => {
    const header = await readNpyHeader(source);
    checkHeader(header, options, source.name);
    const { rows, shared = false } = options;
    const array = rows ? await readRows(source, header, rows, shared) : await readAll(source, header, shared);
    return array as NdArray<DtypeArrays[D]>;
  });
}

/**
 * Writes an array as .npy version 1.0 in C order, atomically. Cost: O(elements), no copy.
 * @throws LegcnetError `ERR_ARGUMENT` if shape and data disagree or data is no typed array of numbers, `ERR_FILE` if it
 * cannot be written
 */
export async function writeNpy(path: string, array: NdArray): Promise<void> {
  await writeFileAtomic(path, npyParts(array));
}

/** The same bytes that `writeNpy` writes, as one buffer. Cost: O(elements), one copy. */
export function encodeNpy(array: NdArray): Uint8Array {
  return Buffer.concat(npyParts(array));
}

function npyParts({ data, shape }: NdArray): [Uint8Array, Uint8Array] {
  ndarray(data, shape); // checks that they agree
  return [formatNpyHeader(dtypeOf(data), shape), bytesOf(data)];
}

function checkHeader(header: NpyHeader, { dtype, rank }: ReadNpyOptions, name: string): void {
  const allowed = dtype === undefined ? undefined : [dtype].flat();
  if (allowed && !allowed.includes(header.dtype)) {
    throw unexpected('ERR_DATA', `${name}, dtype`, allowed.join(' or '), header.dtype);
  }
  if (rank !== undefined && header.shape.length !== rank) {
    throw unexpected('ERR_DATA', `${name}, shape`, plural(rank, 'axis', 'axes'), header.shape);
  }
}

async function readAll(source: ByteSource, header: NpyHeader, shared: boolean): Promise<NdArray> {
  const data = await readElements(source, header, [0, sizeOf(header.shape)], shared);
  const { fortranOrder, shape } = header;
  if (!fortranOrder) return { data, shape };
  const ordered = createStorage(dtypeOf(data), data.length, source.name, shared) as TypedArray;
  await fortranToC(data, shape, ordered);
  return { data: ordered, shape };
}

async function readRows(
  source: ByteSource,
  header: NpyHeader,
  [first, end]: readonly [number, number],
  shared: boolean,
): Promise<NdArray> {
  const [n, ...rest] = header.shape;
  if (n === undefined || header.fortranOrder) {
    throw unexpected('ERR_OPTION', 'rows', `nothing, as ${source.name} is a scalar or in Fortran order`, [first, end]);
  }
  if (!(Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first <= end && end <= n)) {
    throw unexpected('ERR_OPTION', 'rows', `[first, end] with 0 <= first <= end <= ${n}`, [first, end]);
  }
  const width = sizeOf(rest);
  const data = await readElements(source, header, [first * width, end * width], shared);
  return { data, shape: [end - first, ...rest] };
}

async function readElements(
  source: ByteSource,
  header: NpyHeader,
  [first, end]: readonly [number, number],
  shared: boolean,
): Promise<TypedArray> {
  const storage = createStorage(header.dtype, end - first, source.name, shared);
  await source.read(bytesOf(storage), header.dataOffset + first * bytesPer(header.dtype));
  return toNumbers(storage, source.name);
}

/** Reorders elements whose first index runs fastest so that the last one does, in turns of the event loop. */
async function fortranToC(given: TypedArray, shape: readonly number[], ordered: TypedArray): Promise<void> {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  await inTurns(given.length, undefined, (begin, end) => {
    for (let to = begin; to < end; to++) {
      ordered[to] = given[from]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        from -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
  });
}
