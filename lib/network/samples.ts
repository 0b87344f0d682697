import { setImmediate } from 'node:timers/promises';
import type { NdArray } from '../data/ndarray.js';
import { unexpected } from '../errors.js';
import { native } from '../native.js';

/** Inputs as they come: 8-bit pixels, or numbers. [rows, features], row-major. */
export type Features = NdArray<Uint8Array> | NdArray<Float32Array> | NdArray<Float64Array>;

/** The native copy of a part, ready for training; see native/core/samples.h. */
export interface NativeSamples {
  append(inputs: Uint8Array | Float32Array | Float64Array, targets: Float64Array, factor: number): void;
  readonly rows: number;
  readonly sparse: boolean;
}

declare module '../native.js' {
  interface NativeModule {
    Samples: new (scalar: 'float64' | 'float32', columns: number, outputs: number) => NativeSamples;
  }
}

/** A part of a data set: inputs and, beside them, targets [rows, outputs] or class labels [rows]. */
export interface Part {
  readonly features: Features;
  /** Class of each row, 0 <= label < classes; becomes one-hot targets, or 0/1 for one output. */
  readonly labels?: Int32Array | undefined;
  /** [rows, outputs], row-major; instead of labels. */
  readonly targets?: NdArray<Float64Array> | undefined;
  /** Every input is multiplied by this on the way in (1/255 for pixels). Default 1. */
  readonly factor?: number | undefined;
}

/** Entries converted in one go: about a millisecond, so that the event loop is never held up. */
const CHUNK_ENTRIES = 1 << 19;

/**
 * Copies a part into native memory, a chunk at a time with the event loop free in between. Inputs less than 40 %
 * different from zero are stored compressed. Cost O(rows x features).
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
  const [rows = 0, columns = 0] = features.shape;
  if (features.shape.length !== 2 || rows < 1 || columns < 1 || features.data.length !== rows * columns) {
    throw unexpected('ERR_ARGUMENT', `${name}.features`, 'a [rows, features] array with at least one row', features.shape);
  }
  if (labels ? labels.length !== rows : targets?.shape[0] !== rows || targets.shape[1] !== outputs) {
    const came = labels ? [labels.length] : targets?.shape;
    throw unexpected('ERR_ARGUMENT', `${name}.${labels ? 'labels' : 'targets'}`, `${rows} rows of ${outputs} outputs`, came);
  }
  const samples = new native.Samples(scalar, columns, outputs);
  const step = Math.max(1, Math.floor(CHUNK_ENTRIES / columns));
  for (let first = 0; first < rows; first += step) {
    const last = Math.min(rows, first + step);
    const chunk = features.data.subarray(first * columns, last * columns);
    checkFinite(chunk, name, first, columns);
    const wanted = labels
      ? oneHot(labels.subarray(first, last), outputs, name, first)
      : (targets as NdArray<Float64Array>).data.subarray(first * outputs, last * outputs);
    checkFinite(wanted, `${name} target`, first, outputs);
    samples.append(chunk, wanted, factor);
    if (last < rows) await setImmediate();
  }
  return samples;
}

function checkFinite(values: Uint8Array | Float32Array | Float64Array, name: string, firstRow: number, columns: number): void {
  if (values instanceof Uint8Array) return;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const where = `${name} row ${firstRow + Math.floor(i / columns)}, column ${i % columns}`;
      throw unexpected('ERR_ARGUMENT', where, 'a finite number', values[i]);
    }
  }
}

function oneHot(labels: Int32Array, outputs: number, name: string, firstRow: number): Float64Array {
  const classes = Math.max(2, outputs);
  const targets = new Float64Array(labels.length * outputs);
  labels.forEach((label, row) => {
    if (!(label >= 0 && label < classes)) {
      throw unexpected('ERR_ARGUMENT', `${name} label of row ${firstRow + row}`, `a class from 0 to ${classes - 1}`, label);
    }
    if (outputs === 1) targets[row] = label;
    else targets[row * outputs + label] = 1;
  });
  return targets;
}
