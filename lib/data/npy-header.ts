import { unexpected } from '../errors.js';
import { type Dtype, bytesPer, dtypeNames, isDtype } from './dtype.js';
import { type ByteSource, truncated } from './files.js';
import { sizeOf } from './ndarray.js';

// The .npy format, versions 1 to 3: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
// 6 bytes of magic, 2 of version, the header's length (2 bytes, from version 2 on 4), the header (a Python
// dictionary as text, padded with spaces and ended by a newline), the elements.

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;
/** Far more than any array of numbers needs; a broken length must not make us allocate gigabytes. */
const MAX_HEADER_BYTES = 2 ** 20;

export interface NpyHeader {
  readonly dtype: Dtype;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the elements start, in bytes from the start of the file. */
  readonly dataOffset: number;
}

/**
 * Reads and checks the header, and that the file is long enough for the shape it states.
 * @throws LegcnetError `ERR_DATA` for anything that is not a .npy file of numbers in little-endian order
 */
export async function readNpyHeader(source: ByteSource): Promise<NpyHeader> {
  const { name } = source;
  const start = Buffer.alloc(Math.min(12, source.size));
  await source.read(start, 0);
  if (!start.subarray(0, 6).equals(MAGIC)) {
    throw unexpected(
      'ERR_DATA',
      name,
      'a .npy file (starting with \\x93NUMPY)',
      start.subarray(0, 6).toString('latin1'),
    );
  }
  if (start.length < 12) throw truncated(name, 12, source.size);
  const version = start[6]!;
  if (version < 1 || version > 3) throw unexpected('ERR_DATA', `${name}, version`, '1, 2 or 3', version);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = start.readUIntLE(8, lengthBytes);
  if (length > MAX_HEADER_BYTES) {
    throw unexpected('ERR_DATA', `${name}, header length`, `at most ${MAX_HEADER_BYTES} bytes`, length);
  }
  const text = Buffer.alloc(length);
  await source.read(text, 8 + lengthBytes);
  const header = parseHeader(text.toString(version === 3 ? 'utf8' : 'latin1'), name);
  const dataOffset = 8 + lengthBytes + length;
  const end = dataOffset + sizeOf(header.shape) * bytesPer(header.dtype);
  // More is allowed, as numpy allows it: the writer of an appendable file may have been killed before it counted.
  if (source.size < end) throw truncated(`${name} of shape [${header.shape.join(', ')}]`, end, source.size);
  return { ...header, dataOffset };
}

function parseHeader(text: string, name: string): Omit<NpyHeader, 'dataOffset'> {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|\S)/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text);
  if (!descr || !order || !shape) {
    throw unexpected('ERR_DATA', `${name}, header`, 'a dictionary of descr, fortran_order and shape', text.trim());
  }
  return {
    dtype: parseDescr(descr[1], name),
    fortranOrder: order[1] === 'True',
    shape: parseShape(shape[1]!, name),
  };
}

function parseDescr(descr: string | undefined, name: string): Dtype {
  const dtype = /^[<|=]([a-z]\d+)$/.exec(descr ?? '')?.[1];
  if (dtype !== undefined && isDtype(dtype)) return dtype;
  throw unexpected(
    'ERR_DATA',
    `${name}, dtype`,
    `one of ${dtypeNames.join(', ')}, little-endian (convert with numpy: array.astype('<f8'))`,
    descr ?? 'a structured dtype',
  );
}

function parseShape(text: string, name: string): number[] {
  const shape = text
    .split(',')
    .map((extent) => extent.trim().replace(/L$/, ''))
    .filter((extent) => extent !== '')
    .map(Number);
  if (!Number.isSafeInteger(sizeOf(shape)) || !shape.every(Number.isSafeInteger)) {
    throw unexpected('ERR_DATA', `${name}, shape`, 'at most 2^53 - 1 elements', `(${text})`);
  }
  return shape;
}

/** The bytes before the elements: version 1.0, C order, a multiple of 64 bytes long. */
export function formatNpyHeader(dtype: Dtype, shape: readonly number[]): Uint8Array {
  const descr = (bytesPer(dtype) === 1 ? '|' : '<') + dtype;
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${extents}), }`;
  const total = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(total, ' ');
  MAGIC.copy(bytes);
  bytes.writeUInt8(1, 6);
  bytes.writeUInt8(0, 7);
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(text, 10, 'latin1');
  bytes.write('\n', total - 1, 'latin1');
  return bytes;
}
