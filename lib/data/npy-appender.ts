import { type FileHandle, open } from 'node:fs/promises';
import { LegcnetError, unexpected } from '../errors.js';
import { type Dtype, type DtypeArrays, bytesPer, dtypeOf } from './dtype.js';
import { bytesOf, fileError, withBytes, writeFully } from './files.js';
import { sizeOf } from './ndarray.js';
import { formatNpyHeader, readNpyHeader } from './npy-header.js';

/** Enough digits for any number of rows that a double counts exactly. */
const ROW_DIGITS = 16;
/** Rows wait in memory until they come to this many bytes. */
const BUFFER_BYTES = 2 ** 20;

/** What can be appended: the types that arrays in memory have. */
export type AppendableDtype = Exclude<Dtype, 'i8' | 'u8' | 'b1'>;

export interface NpyAppenderOptions<D extends AppendableDtype> {
  readonly dtype: D;
  /** The shape of one row; [] for a row that is one number. */
  readonly rowShape: readonly number[];
}

/**
 * A .npy file of shape [rows, ...rowShape] that grows row by row. It is valid at any moment, so that numpy can
 * open or memory-map it while it is being written, or after the writer was killed: rows are written first, then
 * their count, in place, into a header of fixed length. Rows not yet counted are ignored by readers.
 *
 * Calls may overlap; they take effect in the order they were made. After a failed write every further call fails.
 */
export class NpyAppender<D extends AppendableDtype = AppendableDtype> {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #options: NpyAppenderOptions<D>;
  readonly #rowBytes: number;
  readonly #buffer: Uint8Array;
  #buffered = 0;
  #rows: number;
  /** Where the next buffer goes in the file. */
  #position: number;
  /** The last of the writes, which run one after the other. */
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(path: string, handle: FileHandle, options: NpyAppenderOptions<D>, rows: number) {
    this.path = path;
    this.#handle = handle;
    this.#options = options;
    this.#rowBytes = rowBytes(options);
    this.#buffer = new Uint8Array(Math.max(BUFFER_BYTES, this.#rowBytes));
    this.#rows = rows;
    this.#position = header(options, rows).byteLength + rows * this.#rowBytes;
  }

  /**
   * Starts a new file of no rows, replacing what has that name.
   * @throws LegcnetError `ERR_FILE`
   */
  static async create<D extends AppendableDtype>(
    path: string,
    options: NpyAppenderOptions<D>,
  ): Promise<NpyAppender<D>> {
    checkRowShape(options.rowShape);
    return start(path, 'w', async (handle) => {
      await writeFully(handle, header(options, 0), 0);
      return new NpyAppender(path, handle, options, 0);
    });
  }

  /**
   * Goes on with a file that an appender wrote, after its first `rows` rows; what follows them is cut off.
   * @param options must be those the file was created with
   * @param rows default all that the header counts
   * @throws LegcnetError `ERR_DATA` if the file is of another type or shape or has fewer rows, `ERR_FILE`
   */
  static async resume<D extends AppendableDtype>(
    path: string,
    options: NpyAppenderOptions<D>,
    rows?: number,
  ): Promise<NpyAppender<D>> {
    const kept = await keptRows(path, options, rows);
    return start(path, 'r+', async (handle) => {
      const head = header(options, kept);
      await writeFully(handle, head, 0);
      await handle.truncate(head.byteLength + kept * rowBytes(options));
      return new NpyAppender(path, handle, options, kept);
    });
  }

  /** Rows appended so far, whether or not they are on disk. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Appends one row or several, [k, ...rowShape]. The data are copied at once: the caller may reuse its array.
   * Resolves when it is time to append more; they are in the file after `flush` or `close`.
   * @throws LegcnetError `ERR_ARGUMENT` for another element type or a part of a row; `ERR_FILE` if writing failed
   */
  async append(data: DtypeArrays[D]): Promise<void> {
    this.#checkOpen();
    const { dtype, rowShape } = this.#options;
    if (dtypeOf(data) !== dtype) throw unexpected('ERR_ARGUMENT', 'data', `elements of type ${dtype}`, data);
    const bytes = bytesOf(data);
    if (bytes.byteLength % this.#rowBytes !== 0) {
      throw unexpected('ERR_ARGUMENT', 'data', `a multiple of ${sizeOf(rowShape)} elements`, data);
    }
    this.#rows += bytes.byteLength / this.#rowBytes;
    if (this.#buffered + bytes.byteLength > this.#buffer.byteLength) this.#drain();
    if (bytes.byteLength > this.#buffer.byteLength) {
      this.#enqueue(bytes.slice());
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.byteLength;
    }
    await this.#tail;
  }

  /**
   * Writes all rows appended so far, then their count: from here on readers see them, even if this process is killed.
   * @throws LegcnetError `ERR_FILE`
   */
  async flush(): Promise<void> {
    this.#checkOpen();
    await this.#flush();
  }

  /** Flushes, waits for the disk, and closes. Further calls of `close` do nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#flush();
      await this.#handle.datasync();
    } catch (error) {
      throw fileError('write', this.path, error);
    } finally {
      await this.#handle.close();
    }
  }

  async #flush(): Promise<void> {
    this.#drain();
    this.#write(header(this.#options, this.#rows), 0);
    await this.#tail;
  }

  #drain(): void {
    if (this.#buffered === 0) return;
    this.#enqueue(this.#buffer.slice(0, this.#buffered));
    this.#buffered = 0;
  }

  #enqueue(bytes: Uint8Array): void {
    this.#write(bytes, this.#position);
    this.#position += bytes.byteLength;
  }

  #write(bytes: Uint8Array, position: number): void {
    this.#tail = this.#tail.then(async () => {
      try {
        await writeFully(this.#handle, bytes, position);
      } catch (error) {
        throw fileError('write', this.path, error);
      }
    });
    this.#tail.catch(() => {}); // whoever awaits it next gets the error
  }

  #checkOpen(): void {
    if (this.#closed) throw new LegcnetError('ERR_FILE', `${this.path} is closed`, { subject: this.path });
  }
}

function header({ dtype, rowShape }: NpyAppenderOptions<AppendableDtype>, rows: number): Uint8Array {
  return formatNpyHeader(dtype, [rows, ...rowShape], ROW_DIGITS);
}

function rowBytes({ dtype, rowShape }: NpyAppenderOptions<AppendableDtype>): number {
  return sizeOf(rowShape) * bytesPer(dtype);
}

function checkRowShape(rowShape: readonly number[]): void {
  if (!rowShape.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    throw unexpected('ERR_OPTION', 'rowShape', 'whole numbers > 0', rowShape);
  }
}

async function start<R>(path: string, flags: string, use: (handle: FileHandle) => Promise<R>): Promise<R> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags);
    return await use(handle);
  } catch (error) {
    await handle?.close();
    throw fileError('write', path, error);
  }
}

async function keptRows(
  path: string,
  options: NpyAppenderOptions<AppendableDtype>,
  rows: number | undefined,
): Promise<number> {
  const found = await withBytes(path, readNpyHeader);
  const [count, ...rowShape] = found.shape;
  const sameForm =
    found.dtype === options.dtype && !found.fortranOrder && String(rowShape) === String(options.rowShape);
  if (count === undefined || !sameForm || found.dataOffset !== header(options, count).byteLength) {
    const expected = `a file appended to as ${options.dtype} of shape [${['rows', ...options.rowShape].join(', ')}]`;
    throw unexpected('ERR_DATA', path, expected, `${found.dtype} of shape [${found.shape.join(', ')}]`);
  }
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 0 && rows <= count)) {
    throw unexpected('ERR_DATA', `the rows of ${path}`, `at least ${rows}`, count);
  }
  return rows ?? count;
}
