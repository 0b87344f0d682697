import { unexpected } from '../errors.js';

/** The element types that legcnet computes with or reads from files. */
export type TypedArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** An array with its shape, row-major (C order): the last index runs fastest. `data.length` is the product of `shape`. */
export interface NdArray<T extends TypedArray = TypedArray> {
  readonly data: T;
  readonly shape: readonly number[];
}

/** The number of elements of a shape; 1 for the empty shape (a scalar). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/**
 * Puts a shape on data without copying.
 * @throws LegcnetError `ERR_ARGUMENT` if an extent is not a whole number >= 0 or the shape does not hold `data.length` elements
 */
export function ndarray<T extends TypedArray>(data: T, shape: readonly number[]): NdArray<T> {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw unexpected('ERR_ARGUMENT', 'shape', 'whole numbers >= 0', shape);
  }
  if (sizeOf(shape) !== data.length) {
    throw unexpected('ERR_ARGUMENT', 'shape', `a shape of ${data.length} elements`, shape);
  }
  return { data, shape: [...shape] };
}

/**
 * Copies the rows with the given indices, in that order; the result keeps the element type.
 * @param array [n, ...]; the rows are its first axis
 * @param rows indices in 0..n-1, repeats allowed
 * @returns [rows.length, ...]
 * @throws LegcnetError `ERR_ARGUMENT` for a scalar or an index out of range
 */
export function takeRows<T extends TypedArray>(array: NdArray<T>, rows: ArrayLike<number>): NdArray<T> {
  const [n, ...rest] = array.shape;
  if (n === undefined) throw unexpected('ERR_ARGUMENT', 'array', 'an array with at least one axis', 'a scalar');
  const width = sizeOf(rest);
  const TypedArrayOfT = array.data.constructor as new (length: number) => T;
  const data = new TypedArrayOfT(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!(Number.isInteger(row) && row >= 0 && row < n)) {
      throw unexpected('ERR_ARGUMENT', `rows[${i}]`, `a whole number in 0..${n - 1}`, row);
    }
    data.set(array.data.subarray(row * width, (row + 1) * width) as T & ArrayLike<number>, i * width);
  }
  return { data, shape: [rows.length, ...rest] };
}
