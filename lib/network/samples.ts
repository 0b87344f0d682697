import { setImmediate } from 'node:timers/promises';
import { type NdArray, takeRows } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { native } from '../native.js';
import { plural } from '../plural.js';

/** Inputs as they come: 8-bit pixels, or numbers. [rows, features], row-major. */
export type Features = NdArray<Uint8Array | Float32Array | Float64Array>;

/** The native copy of a part, ready for training; see native/core/samples.h. */
export interface NativeSamples {
  /**
   * Adds n rows: inputs [n, columns] times `factor`, and targets [n, outputs]. `toNativeSamples` does.
   * Throws an Error once a network has been trained or evaluated on the samples.
   */
  append(inputs: Uint8Array | Float32Array | Float64Array, targets: Float64Array, factor: number): void;
  readonly rows: number;
  readonly columns: number;
  readonly outputs: number;
  readonly sparse: boolean;
}

declare module '../native.js' {
  interface NativeModule {
    Samples: new (scalar: 'float64' | 'float32', columns: number, outputs: number, rows: number) => NativeSamples;
  }
}

/** A part of a data set: inputs and, beside them, targets [rows, outputs] or class labels [rows]. */
export interface Part {
  readonly features: Features;
  /** Class of each row, 0 <= label < classes; becomes one-hot targets, or 0/1 for one output. */
  readonly labels?: Int32Array | undefined;
  /** [rows, outputs], row-major; instead of labels. */
  readonly targets?: NdArray<Float64Array> | undefined;
  /** Only these rows, in this order. Default: all. */
  readonly rows?: Int32Array | undefined;
  /** Every input is multiplied by this on the way in (1/255 for pixels). Default 1. */
  readonly factor?: number | undefined;
}

/** Entries converted in one go: about a millisecond, so that the event loop is never held up. */
const CHUNK_ENTRIES = 1 << 19;

/**
 * Copies a part into native memory, a chunk at a time with the event loop free in between. 8-bit inputs stay bytes. Where
 * less than 40 % of the inputs differ from zero, training skips the zeros. Cost O(rows x features).
 *
 * @throws LegcnetError ERR_ARGUMENT for shapes that do not agree, a label out of range, or an input that is not finite
 */
export async function toNativeSamples(
  name: string,
  part: Part,
  outputs: number,
  scalar: 'float64' | 'float32',
): Promise<NativeSamples> {
  const { features, labels, targets, factor = 1 } = part;
  const [all = 0, columns = 0] = features.shape;
  if (features.shape.length !== 2 || all < 1 || columns < 1 || features.data.length !== all * columns) {
    throw unexpected(
      'ERR_ARGUMENT',
      `${name}.features`,
      'a [rows, features] array with at least one row',
      features.shape,
    );
  }
  if (labels ? labels.length !== all : targets?.shape[0] !== all || targets.shape[1] !== outputs) {
    const came = labels ? [labels.length] : targets?.shape;
    throw unexpected(
      'ERR_ARGUMENT',
      `${name}.${labels ? 'labels' : 'targets'}`,
      `${plural(all, 'row')} of ${plural(outputs, 'output')}`,
      came,
    );
  }
  const rows = part.rows ?? Int32Array.from({ length: all }, (_, i) => i);
  if (rows.length === 0 || rows.some((row) => !(row >= 0 && row < all))) {
    throw unexpected('ERR_ARGUMENT', `${name}.rows`, `at least one row, each from 0 to ${all - 1}`, rows);
  }
  const samples = new native.Samples(scalar, columns, outputs, rows.length);
  const step = Math.max(1, Math.floor(CHUNK_ENTRIES / columns));
  for (let first = 0; first < rows.length; first += step) {
    const chosen = rows.subarray(first, first + step);
    const inputs = takeRows(features, chosen).data;
    const wanted = labels
      ? oneHot(labels, chosen, outputs, name)
      : takeRows(targets as NdArray<Float64Array>, chosen).data;
    checkFinite(inputs, name, chosen, columns);
    checkFinite(wanted, `${name} target`, chosen, outputs);
    samples.append(inputs, wanted, factor);
    if (first + step < rows.length) await setImmediate();
  }
  return samples;
}

function checkFinite(
  values: Uint8Array | Float32Array | Float64Array,
  name: string,
  rows: Int32Array,
  columns: number,
): void {
  if (values instanceof Uint8Array) return;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const where = `${name} row ${rows[Math.floor(i / columns)]}, column ${i % columns}`;
      throw unexpected('ERR_ARGUMENT', where, 'a finite number', values[i]);
    }
  }
}

function oneHot(labels: Int32Array, rows: Int32Array, outputs: number, name: string): Float64Array {
  const classes = Math.max(2, outputs);
  const targets = new Float64Array(rows.length * outputs);
  rows.forEach((row, i) => {
    const label = labels[row] as number;
    if (!(label >= 0 && label < classes)) {
      throw unexpected('ERR_ARGUMENT', `${name} label of row ${row}`, `a class from 0 to ${classes - 1}`, label);
    }
    if (outputs === 1) targets[i] = label;
    else targets[i * outputs + label] = 1;
  });
  return targets;
}
