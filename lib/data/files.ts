import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LegcnetError, unexpected } from '../errors.js';

/** The most that one system call is asked to move; Node refuses 2 GiB and more at once. */
const CHUNK_BYTES = 2 ** 26;

/**
 * Writes a file so that its name only ever refers to the whole of it: the bytes go to a temporary name in the same
 * folder, are synced to disk, and then take the target's name. A file that was there before is replaced, with the
 * permissions of a new file. If anything fails the temporary file is removed and the old one is untouched.
 * @param contents text (UTF-8), bytes, or several pieces of bytes to be written one after the other
 * @throws LegcnetError `ERR_FILE`; its `cause` is the system's error
 */
export async function writeFileAtomic(
  path: string,
  contents: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await withFile(temporary, 'wx', async (handle) => {
      let position = 0;
      for (const piece of pieces(contents)) {
        await writeFully(handle, piece, position);
        position += piece.byteLength;
      }
      await handle.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw fileError('write', path, error);
  }
}

/** A name in the folder of `path` that nothing has. */
const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);

/**
 * Whether `writeFileAtomic` could write there: to be asked before the work whose results are to go there. Leaves nothing.
 * @throws LegcnetError `ERR_FILE`
 */
export async function checkFile(path: string): Promise<void> {
  if (['folder', 'other'].includes(await kindOf(path)))
    throw unexpected('ERR_FILE', path, 'a file', 'something else (a folder or a device)');
  const temporary = temporaryBeside(path);
  try {
    await withFile(temporary, 'wx', async () => {});
    await unlink(temporary);
  } catch (error) {
    throw fileError('write', path, error);
  }
}

/** The same of files in a folder, which is made where there is none. @throws LegcnetError `ERR_FILE` */
export async function checkFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  try {
    await checkFile(temporaryBeside(join(folder, 'file')));
  } catch (error) {
    throw fileError('write', folder, (error as Error).cause);
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'nothing'> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  } catch {
    return 'nothing';
  }
}

function pieces(contents: string | Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof contents === 'string') return [Buffer.from(contents)];
  return contents instanceof Uint8Array ? [contents] : contents;
}

/** The bytes of a typed array, without copying. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Writes all of `bytes` at `position`, however many system calls that takes. */
async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(bytes.byteLength - done, CHUNK_BYTES);
    done += (await handle.write(bytes, done, length, position + done)).bytesWritten;
  }
}

/** Opens a file, hands it to `use`, and closes it whatever happens. Errors are passed on as they are. */
export async function withFile<R>(path: string, flags: string, use: (handle: FileHandle) => Promise<R>): Promise<R> {
  const handle = await open(path, flags);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Random access to the bytes of a file or a buffer, for readers of binary formats. Reads of any size, over 2 GiB too.
 */
export interface ByteSource {
  /** What messages call it: the file's path. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /**
   * Fills `target` with the bytes from `position` on.
   * @throws LegcnetError `ERR_DATA` if the source ends before `target` is full
   */
  read(target: Uint8Array, position: number): Promise<void>;
}

/**
 * Opens a file, or takes the bytes given, hands them to `use`, and closes what was opened.
 * @param input a path, or the contents of a file
 * @throws LegcnetError `ERR_FILE` if the file cannot be opened or read; whatever `use` throws
 */
export async function withBytes<R>(input: string | Uint8Array, use: (source: ByteSource) => Promise<R>): Promise<R> {
  if (typeof input !== 'string') return use(bufferSource(input));
  try {
    return await withFile(input, 'r', async (handle) =>
      use(fileSource(input, handle, await sizeOfFile(input, handle))),
    );
  } catch (error) {
    const bySystem = error instanceof Error && 'syscall' in error;
    throw bySystem ? fileError('read', input, error) : error;
  }
}

async function sizeOfFile(path: string, handle: FileHandle): Promise<number> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw unexpected('ERR_FILE', path, 'a file', 'something else (a folder or a device)');
  return stat.size;
}

function fileSource(name: string, handle: FileHandle, size: number): ByteSource {
  return {
    name,
    size,
    async read(target, position) {
      for (let done = 0; done < target.byteLength; ) {
        const length = Math.min(target.byteLength - done, CHUNK_BYTES);
        const { bytesRead } = await handle.read(target, done, length, position + done);
        if (bytesRead === 0) throw truncated(name, position + target.byteLength, position + done);
        done += bytesRead;
      }
    },
  };
}

/** Bytes in memory as a source; `name` is what messages call them. */
export function bufferSource(bytes: Uint8Array, name = 'the buffer'): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(target, position) {
      const end = position + target.byteLength;
      if (end > bytes.byteLength) throw truncated(name, end, bytes.byteLength);
      target.set(bytes.subarray(position, end));
    },
  };
}

/** The error for a file that ends too early. */
export function truncated(name: string, expectedBytes: number, receivedBytes: number): LegcnetError {
  return unexpected('ERR_DATA', name, `at least ${expectedBytes} bytes`, receivedBytes);
}

/** Makes a folder, and those that it is in, where there is none. @throws LegcnetError ERR_FILE */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeFolders(resolve(folder));
  } catch (error) {
    throw fileError('write', folder, error);
  }
}

/** Not `mkdir` with `recursive`: in a folder that is there and says ENOENT, as /proc does, Node 20 would try for ever. */
async function makeFolders(folder: string): Promise<void> {
  const parent = dirname(folder);
  try {
    await makeOne(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
    if ((await kindOf(parent)) !== 'folder') await makeFolders(parent);
    await makeOne(folder); // once more where there is a parent, too: somebody else may have made it meanwhile
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((await kindOf(folder)) !== 'folder') throw error;
  }
}

/** The text of a UTF-8 file, without the byte order mark that some editors begin it with. @throws LegcnetError ERR_FILE */
export async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw fileError('read', file, error);
  }
}

/** @throws LegcnetError ERR_FILE; ERR_DATA for what is no JSON, with the SyntaxError as `cause` */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LegcnetError('ERR_DATA', `${file} is not JSON: ${(cause as Error).message}`, { subject: file, cause });
  }
}

/** Wraps a system's error on a file; errors of legcnet pass through. */
export function fileError(action: 'read' | 'write', path: string, cause: unknown): LegcnetError {
  if (cause instanceof LegcnetError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LegcnetError('ERR_FILE', `cannot ${action} ${path}: ${reason}`, { subject: path, cause });
}
