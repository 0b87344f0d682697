import { type Dtype, bytesPer, createStorage, dtypeOf, toNumbers } from '../data/dtype.js';
import { bytesOf, withBytes, writeFileAtomic } from '../data/files.js';
import { type NdArray, ndarray, sizeOf } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { formatHeader, readHeader } from './safetensors-header.js';

export interface Safetensors {
  /** By name, in the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, NdArray>;
  /** The file's `__metadata__`; empty if it has none. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file, https://huggingface.co/docs/safetensors. Tensors are row-major. F64, F32, I32, U32, I16,
 * U16, I8 and U8 keep their type; I64 and U64 come as doubles, BOOL as Uint8Array of 0 and 1; half-precision types are
 * refused. Cost: O(bytes), one copy in memory.
 * @param input a path, or the bytes of a file
 * @throws LegcnetError `ERR_DATA` for a header that is too long, not JSON or not as specified, for tensors that
 * overlap, leave gaps or do not fill the file exactly, for other types, for an integer beyond 2^53 - 1, and for what
 * does not fit in memory; `ERR_FILE` if it cannot be read
 */
export async function readSafetensors(input: string | Uint8Array): Promise<Safetensors> {
  return withBytes(input, async (source) => {
    const { entries, metadata } = await readHeader(source);
    const tensors = new Map<string, NdArray>();
    for (const { name, dtype, shape, offset } of entries) {
      const storage = createStorage(dtype, sizeOf(shape), source.name);
      await source.read(bytesOf(storage), offset);
      tensors.set(name, { data: await toNumbers(storage, `${source.name}, tensor "${name}"`), shape });
    }
    return { tensors, metadata };
  });
}

/**
 * Writes a safetensors file, atomically. Tensors lie in the order of their element size, large first, then in the map's,
 * so that all are aligned; the same input gives the same bytes. Cost: O(bytes), no copy.
 * @param tensors row-major, by name
 * @param metadata strings by name; `format: 'pt'` is what PyTorch's tools look for
 * @throws LegcnetError `ERR_ARGUMENT` for the name "__metadata__", a shape that does not fit its data, or data that is
 * no typed array of numbers; `ERR_FILE` if it cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, safetensorsParts(tensors, metadata));
}

/** The same bytes that `writeSafetensors` writes, as one buffer. Cost: O(bytes), one copy. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return Buffer.concat(safetensorsParts(tensors, metadata));
}

function safetensorsParts(
  tensors: ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  if (tensors.has('__metadata__'))
    throw unexpected('ERR_ARGUMENT', 'tensors', 'no tensor of that name', '__metadata__');
  const entries = [...tensors].map(([name, { data, shape }]): [string, Dtype, NdArray] => [
    name,
    dtypeOf(data),
    ndarray(data, shape),
  ]);
  entries.sort(([, a], [, b]) => bytesPer(b) - bytesPer(a));
  return [formatHeader(entries, metadata), ...entries.map(([, , { data }]) => bytesOf(data))];
}
