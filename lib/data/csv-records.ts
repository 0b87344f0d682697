import { createReadStream } from 'node:fs';
import { Readable, pipeline } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse';
import { LegcnetError, unexpected } from '../errors.js';
import { fileError } from './files.js';
import { plural } from '../plural.js';

export interface CsvRecord {
  /** The cells, trimmed. */
  readonly cells: readonly string[];
  /** Where it ends in the file; the first line is 1. */
  readonly line: number;
}

/** What messages call the input: the path, or "the buffer". */
export function nameOf(input: string | Uint8Array): string {
  return typeof input === 'string' ? input : 'the buffer';
}

/**
 * The records of a CSV file one by one, all of the same length, empty lines left out. A byte-order mark is skipped.
 * @param input a path, or the bytes of a file (UTF-8)
 * @param comment what begins a comment that goes to the end of the line; none by default
 * @throws LegcnetError `ERR_FILE` if it cannot be read; `ERR_DATA`, with the line, if it is not CSV
 */
export async function* readRecords(
  input: string | Uint8Array,
  delimiter: string,
  comment?: string,
): AsyncGenerator<CsvRecord> {
  const name = nameOf(input);
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    skip_empty_lines: true,
    trim: true,
    ...(comment && { comment }),
  });
  const source =
    typeof input === 'string'
      ? createReadStream(input, { highWaterMark: PIECE_BYTES })
      : Readable.from(pieces(Buffer.from(input)));
  pipeline(source, parser, () => {}); // errors of either end come out of the parser
  let records = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { cells: record, line: info.lines };
      if (++records % RECORDS_IN_TURN === 0) await setImmediate();
    }
  } catch (error) {
    if (error instanceof LegcnetError) throw error;
    throw error instanceof CsvError ? csvError(name, error) : fileError('read', name, error);
  }
}

/** Parsed, and records handed out, in one turn of the event loop: a few milliseconds each. */
const PIECE_BYTES = 2 ** 14;
const RECORDS_IN_TURN = 512;

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    if (at > 0) await setImmediate();
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}

function csvError(name: string, error: CsvError): LegcnetError {
  const { lines, column, record } = error as CsvError & { lines?: number; column?: unknown; record?: unknown[] };
  const place = lines === undefined ? name : `${name}, line ${lines}`;
  if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH' && record) {
    const expected = /expect (\d+)/.exec(error.message)?.[1];
    const columns = expected === undefined ? 'as many columns' : plural(Number(expected), 'column');
    return unexpected('ERR_DATA', place, `${columns}, as in the first line`, record.length, error);
  }
  return new LegcnetError('ERR_DATA', `${place} is not CSV: ${error.message}`, {
    subject: name,
    received: column,
    cause: error,
  });
}
