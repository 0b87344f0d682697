import { z } from 'zod';
import { type Dtype, bytesPer } from '../data/dtype.js';
import { type ByteSource, truncated } from '../data/files.js';
import { type NdArray, sizeOf } from '../data/ndarray.js';
import { LegcnetError, unexpected } from '../errors.js';

// The safetensors format: 8 bytes of header length (little-endian), the header (JSON), the tensors' bytes without gaps.
// https://huggingface.co/docs/safetensors

/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

const dtypeByName: Readonly<Record<string, Dtype>> = {
  F64: 'f8',
  F32: 'f4',
  I64: 'i8',
  U64: 'u8',
  I32: 'i4',
  U32: 'u4',
  I16: 'i2',
  U16: 'u2',
  I8: 'i1',
  U8: 'u1',
  BOOL: 'b1',
};

const natural = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(natural),
  data_offsets: z.tuple([natural, natural]),
});
const metadataSchema = z.record(z.string(), z.string());

export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** In bytes from the start of the file. */
  readonly offset: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads the header and checks that the tensors cover the rest of the file exactly, without gap or overlap.
 * @throws LegcnetError `ERR_DATA`
 */
export async function readHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { name, size } = source;
  const lengthBytes = Buffer.alloc(8);
  await source.read(lengthBytes, 0);
  const length = lengthBytes.readBigUInt64LE();
  if (length > MAX_HEADER_BYTES) {
    throw unexpected('ERR_DATA', `${name}, header length`, `at most ${MAX_HEADER_BYTES} bytes`, length);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > size) throw truncated(name, dataStart, size);
  const text = Buffer.alloc(Number(length));
  await source.read(text, 8);
  return checkHeader(parseJson(text.toString('utf8'), name), name, dataStart, size);
}

function parseJson(text: string, name: string): Record<string, unknown> {
  try {
    const header: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
    if (typeof header === 'object' && header !== null) return header as Record<string, unknown>;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new LegcnetError('ERR_DATA', `the header of ${name} is not JSON: ${reason}`, { subject: name, cause });
  }
  throw unexpected('ERR_DATA', name, 'a safetensors file (with a JSON object as header)', text.slice(0, 40));
}

function checkHeader(
  header: Record<string, unknown>,
  name: string,
  dataStart: number,
  size: number,
): SafetensorsHeader {
  const metadata = checked(metadataSchema, header[METADATA] ?? {}, `${name}, ${METADATA}`, 'an object of strings');
  const entries: TensorEntry[] = [];
  let end = dataStart;
  for (const { begin, ...entry } of spans(header, name, dataStart)) {
    if (begin !== end) {
      const what = begin < end ? 'overlap with the tensor before' : 'gap before it';
      throw unexpected('ERR_DATA', `${name}, tensor "${entry.name}"`, `no ${what}`, `offset ${begin - dataStart}`);
    }
    end = entry.end;
    entries.push({ name: entry.name, dtype: entry.dtype, shape: entry.shape, offset: begin });
  }
  if (end > size) throw truncated(name, end, size);
  if (end < size) throw unexpected('ERR_DATA', name, `${end} bytes, as its header says`, size);
  return { entries, metadata };
}

interface Span {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

function spans(header: Record<string, unknown>, file: string, dataStart: number): Span[] {
  return Object.keys(header)
    .filter((name) => name !== METADATA)
    .map((name) => {
      const subject = `${file}, tensor "${name}"`;
      const entry = checked(entrySchema, header[name], subject, 'dtype, shape and two data_offsets');
      const dtype = Object.hasOwn(dtypeByName, entry.dtype) ? dtypeByName[entry.dtype] : undefined;
      if (!dtype) {
        throw unexpected('ERR_DATA', `${subject}, dtype`, Object.keys(dtypeByName).join(', '), entry.dtype);
      }
      const [begin, end] = entry.data_offsets;
      if (end - begin !== sizeOf(entry.shape) * bytesPer(dtype)) {
        const expected = `${sizeOf(entry.shape) * bytesPer(dtype)} bytes for shape [${entry.shape.join(', ')}]`;
        throw unexpected('ERR_DATA', subject, expected, end - begin);
      }
      return { name, dtype, shape: entry.shape, begin: dataStart + begin, end: dataStart + end };
    })
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
}

function checked<T>(schema: z.ZodType<T>, value: unknown, subject: string, expected: string): T {
  const result = schema.safeParse(value);
  if (!result.success) throw unexpected('ERR_DATA', subject, expected, value, result.error);
  return result.data;
}

/**
 * The bytes before the tensors, padded to a multiple of 8 so that every tensor is aligned.
 * @param tensors in the order in which their bytes follow
 */
export function formatHeader(
  tensors: readonly (readonly [name: string, dtype: Dtype, array: NdArray])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const members: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let end = 0;
  for (const [name, dtype, { data, shape }] of tensors) {
    const begin = end;
    end += data.byteLength;
    members.push([name, { dtype: nameOfDtype(dtype), shape, data_offsets: [begin, end] }]);
  }
  // Joined by hand: an object would put names that are whole numbers first, and lose "__proto__".
  const json = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = Buffer.from(json);
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  return padded;
}

function nameOfDtype(dtype: Dtype): string {
  return Object.keys(dtypeByName).find((name) => dtypeByName[name] === dtype)!;
}
