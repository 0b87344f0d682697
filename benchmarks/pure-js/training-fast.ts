/**
 * SGD on a 3-layer sigmoid network with softmax and cross-entropy in well-written JavaScript: typed arrays, no allocation
 * in a step, four rows of weights at a time so that every sum is loaded and stored a quarter as often. `step` looks at every input; `sparseStep` is
 * our algorithm, on samples of which only the non-zero inputs are stored.
 */
export interface FastNetwork {
  readonly sizes: readonly [number, number, number, number];
  /** Per layer W [inputs, outputs] row-major, and b [outputs]. */
  readonly weights: readonly Float64Array[];
  readonly biases: readonly Float64Array[];
}

/** From the order of `Mlp.parameters`. */
export function fromParameters(sizes: FastNetwork['sizes'], parameters: Float64Array): FastNetwork {
  let offset = 0;
  const weights = [0, 1, 2].map((l) => {
    const [inputs, outputs] = [sizes[l] as number, sizes[l + 1] as number];
    const w = new Float64Array(inputs * outputs);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) w[i * outputs + o] = parameters[offset++] as number;
    }
    return w;
  });
  const biases = [1, 2, 3].map((l) => {
    const end = offset + (sizes[l] as number);
    const b = parameters.slice(offset, end);
    offset = end;
    return b;
  });
  return { sizes, weights, biases };
}

/** W1 [outputs, inputs], row-major, as in `Mlp.parameters`. */
export function firstLayer({ sizes: [inputs, outputs], weights }: FastNetwork): Float64Array {
  const w = weights[0] as Float64Array;
  return Float64Array.from(
    { length: inputs * outputs },
    (_, k) => w[(k % inputs) * outputs + Math.floor(k / inputs)] as number,
  );
}

/** Rows of which only what is not 0 is stored: row r has value[k] in column index[k] for k from start[r] to start[r + 1]. */
export interface Compressed {
  readonly start: Int32Array;
  readonly index: Int32Array;
  readonly value: Float64Array;
}

export interface Workspace {
  /** Activations and deltas of the three layers, [batch, outputs]. */
  readonly a: readonly Float64Array[];
  readonly d: readonly Float64Array[];
  /** The inputs of a batch, transposed: a row for each input. */
  readonly byInput: Compressed;
}

/** @param inputs [rows, columns] */
export function compress(inputs: Float64Array, columns: number): Compressed {
  const rows = inputs.length / columns;
  const count = inputs.reduce((sum, x) => sum + (x === 0 ? 0 : 1), 0);
  const compressed = emptyRows(rows, count);
  let k = 0;
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < columns; i++) {
      const x = inputs[r * columns + i] as number;
      if (x === 0) continue;
      compressed.index[k] = i;
      compressed.value[k++] = x;
    }
    compressed.start[r + 1] = k;
  }
  return compressed;
}

const emptyRows = (rows: number, entries: number): Compressed => ({
  start: new Int32Array(rows + 1),
  index: new Int32Array(entries),
  value: new Float64Array(entries),
});

export function workspace(sizes: FastNetwork['sizes'], batch: number): Workspace {
  const buffers = () => [1, 2, 3].map((l) => new Float64Array(batch * (sizes[l] as number)));
  return { a: buffers(), d: buffers(), byInput: emptyRows(sizes[0], batch * sizes[0]) };
}

/** One step on inputs [count, sizes[0]] and labels [count]. `work`: from `workspace`. */
export function step(
  network: FastNetwork,
  inputs: Float64Array,
  labels: Int32Array,
  rate: number,
  work: Workspace,
): void {
  const [w, b] = [network.weights[0], network.biases[0]] as [Float64Array, Float64Array];
  affine(inputs, labels.length, w, b, work.a[0] as Float64Array);
  aboveFirstLayer(network, labels, rate, work);
  descend(inputs, labels.length, w, b, work.d[0] as Float64Array, rate / labels.length);
}

/** One step on the samples from number `first` on, as many as there are labels. */
export function sparseStep(
  network: FastNetwork,
  samples: Compressed,
  first: number,
  labels: Int32Array,
  rate: number,
  work: Workspace,
): void {
  const [w, b] = [network.weights[0], network.biases[0]] as [Float64Array, Float64Array];
  const [count, delta] = [labels.length, work.d[0] as Float64Array];
  affineSparse(samples, first, count, w, b, work.a[0] as Float64Array);
  aboveFirstLayer(network, labels, rate, work);
  if (count === 1) {
    descendOne(samples, first, w, b, delta, rate);
  } else {
    transpose(samples, first, count, network.sizes[0], work.byInput);
    descendSparse(work.byInput, count, w, b, delta, rate / count);
  }
}

/** Class probabilities [count, classes] of the samples from number `first` on, in `work.a[2]`. */
export function predict(
  network: FastNetwork,
  samples: Compressed,
  first: number,
  count: number,
  work: Workspace,
): Float64Array {
  const [w, b] = [network.weights[0], network.biases[0]] as [Float64Array, Float64Array];
  affineSparse(samples, first, count, w, b, work.a[0] as Float64Array);
  forwardAboveFirst(network, count, work);
  return work.a[2] as Float64Array;
}

function forwardAboveFirst({ sizes, weights, biases }: FastNetwork, count: number, { a }: Workspace): void {
  for (let l = 1; l < 3; l++) {
    const below = a[l - 1] as Float64Array;
    sigmoid(below, count * (sizes[l] as number));
    affine(below, count, weights[l] as Float64Array, biases[l] as Float64Array, a[l] as Float64Array);
  }
  softmax(a[2] as Float64Array, count, sizes[3]);
}

/** From z of the first layer to its delta; the upper layers are updated. */
function aboveFirstLayer(network: FastNetwork, labels: Int32Array, rate: number, work: Workspace): void {
  const { sizes, weights, biases } = network;
  const count = labels.length;
  const { a, d } = work;
  forwardAboveFirst(network, count, work);
  const [p, delta, classes] = [a[2] as Float64Array, d[2] as Float64Array, sizes[3]];
  for (let k = 0; k < count * classes; k++) delta[k] = p[k] as number;
  for (let s = 0; s < count; s++) {
    const at = s * classes + (labels[s] as number);
    delta[at] = (delta[at] as number) - 1;
  }
  for (let l = 2; l > 0; l--) {
    const [w, above, act] = [weights[l], d[l], a[l - 1]] as [Float64Array, Float64Array, Float64Array];
    backward(w, above, act, d[l - 1] as Float64Array, count, sizes[l] as number, sizes[l + 1] as number);
    descend(act, count, w, biases[l] as Float64Array, above, rate / count);
  }
}

function sigmoid(z: Float64Array, count: number): void {
  for (let k = 0; k < count; k++) z[k] = 1 / (1 + Math.exp(-(z[k] as number)));
}

function softmax(z: Float64Array, count: number, classes: number): void {
  for (let s = 0; s < count; s++) {
    const at = s * classes;
    let top = z[at] as number;
    for (let c = 1; c < classes; c++) if ((z[at + c] as number) > top) top = z[at + c] as number;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += z[at + c] = Math.exp((z[at + c] as number) - top);
    for (let c = 0; c < classes; c++) z[at + c] = (z[at + c] as number) / sum;
  }
}

/** below [count, inner] = (above [count, outer] W^T) act (1 - act) */
function backward(
  w: Float64Array,
  above: Float64Array,
  act: Float64Array,
  below: Float64Array,
  count: number,
  inner: number,
  outer: number,
): void {
  for (let s = 0; s < count; s++) {
    for (let i = 0; i < inner; i++) {
      let sum = 0;
      for (let o = 0; o < outer; o++) sum += (w[i * outer + o] as number) * (above[s * outer + o] as number);
      const y = act[s * inner + i] as number;
      below[s * inner + i] = sum * y * (1 - y);
    }
  }
}

/** to[at..] += factor value[first + k stride] from[k], for rows k < count of `from` [count, length]. */
function addRows(
  to: Float64Array,
  at: number,
  length: number,
  from: Float64Array,
  count: number,
  value: Float64Array,
  first: number,
  stride: number,
  factor: number,
): void {
  let k = 0;
  for (; k + 4 <= count; k += 4) {
    const v = first + k * stride;
    const x0 = factor * (value[v] as number);
    const x1 = factor * (value[v + stride] as number);
    const x2 = factor * (value[v + 2 * stride] as number);
    const x3 = factor * (value[v + 3 * stride] as number);
    const r0 = k * length;
    const [r1, r2, r3] = [r0 + length, r0 + 2 * length, r0 + 3 * length];
    for (let o = 0; o < length; o++) {
      to[at + o] =
        (to[at + o] as number) +
        (x0 * (from[r0 + o] as number) + x1 * (from[r1 + o] as number)) +
        (x2 * (from[r2 + o] as number) + x3 * (from[r3 + o] as number));
    }
  }
  for (; k < count; k++) {
    const x = factor * (value[first + k * stride] as number);
    for (let o = 0; o < length; o++) to[at + o] = (to[at + o] as number) + x * (from[k * length + o] as number);
  }
}

/** to[at..] += factor value[k] from[index[k]], for k of list `list`. */
function addListed(
  to: Float64Array,
  at: number,
  length: number,
  from: Float64Array,
  { start, index, value }: Compressed,
  list: number,
  factor: number,
): void {
  let k = start[list] as number;
  const end = start[list + 1] as number;
  for (; k + 4 <= end; k += 4) {
    const x0 = factor * (value[k] as number);
    const x1 = factor * (value[k + 1] as number);
    const x2 = factor * (value[k + 2] as number);
    const x3 = factor * (value[k + 3] as number);
    const r0 = (index[k] as number) * length;
    const r1 = (index[k + 1] as number) * length;
    const r2 = (index[k + 2] as number) * length;
    const r3 = (index[k + 3] as number) * length;
    for (let o = 0; o < length; o++) {
      to[at + o] =
        (to[at + o] as number) +
        (x0 * (from[r0 + o] as number) + x1 * (from[r1 + o] as number)) +
        (x2 * (from[r2 + o] as number) + x3 * (from[r3 + o] as number));
    }
  }
  for (; k < end; k++) {
    const x = factor * (value[k] as number);
    const r = (index[k] as number) * length;
    for (let o = 0; o < length; o++) to[at + o] = (to[at + o] as number) + x * (from[r + o] as number);
  }
}

/** z [count, outputs] = b + input [count, inputs] W */
function affine(input: Float64Array, count: number, w: Float64Array, b: Float64Array, z: Float64Array): void {
  const outputs = b.length;
  const inputs = w.length / outputs;
  for (let s = 0; s < count; s++) {
    for (let o = 0; o < outputs; o++) z[s * outputs + o] = b[o] as number;
    addRows(z, s * outputs, outputs, w, inputs, input, s * inputs, 1, 1);
  }
}

function affineSparse(
  samples: Compressed,
  first: number,
  count: number,
  w: Float64Array,
  b: Float64Array,
  z: Float64Array,
): void {
  const outputs = b.length;
  for (let s = 0; s < count; s++) {
    for (let o = 0; o < outputs; o++) z[s * outputs + o] = b[o] as number;
    addListed(z, s * outputs, outputs, w, samples, first + s, 1);
  }
}

/** W -= scale input^T delta, b -= scale sum of delta; input [count, inputs], delta [count, outputs]. */
function descend(
  input: Float64Array,
  count: number,
  w: Float64Array,
  b: Float64Array,
  delta: Float64Array,
  scale: number,
): void {
  const outputs = b.length;
  const inputs = w.length / outputs;
  for (let i = 0; i < inputs; i++) addRows(w, i * outputs, outputs, delta, count, input, i, inputs, -scale);
  descendBiases(count, b, delta, scale);
}

function descendSparse(
  input: Compressed,
  count: number,
  w: Float64Array,
  b: Float64Array,
  delta: Float64Array,
  scale: number,
): void {
  const outputs = b.length;
  const inputs = w.length / outputs;
  for (let i = 0; i < inputs; i++) addListed(w, i * outputs, outputs, delta, input, i, -scale);
  descendBiases(count, b, delta, scale);
}

/** Of a single sample: each of its inputs has one row of weights to change. */
function descendOne(
  { start, index, value }: Compressed,
  sample: number,
  w: Float64Array,
  b: Float64Array,
  delta: Float64Array,
  scale: number,
): void {
  const outputs = b.length;
  for (let k = start[sample] as number; k < (start[sample + 1] as number); k++) {
    const row = (index[k] as number) * outputs;
    const x = scale * (value[k] as number);
    for (let o = 0; o < outputs; o++) w[row + o] = (w[row + o] as number) - x * (delta[o] as number);
  }
  descendBiases(1, b, delta, scale);
}

function descendBiases(count: number, b: Float64Array, delta: Float64Array, scale: number): void {
  const outputs = b.length;
  for (let s = 0; s < count; s++) {
    for (let o = 0; o < outputs; o++) b[o] = (b[o] as number) - scale * (delta[s * outputs + o] as number);
  }
}

/** A batch's rows as columns. */
function transpose(
  { start, index, value }: Compressed,
  first: number,
  count: number,
  columns: number,
  to: Compressed,
): void {
  const ends = to.start.fill(0);
  const [from, end] = [start[first] as number, start[first + count] as number];
  for (let k = from; k < end; k++) ends[index[k] as number] = (ends[index[k] as number] as number) + 1;
  // From counts to ends; filling backwards turns ends into starts.
  for (let i = 1; i <= columns; i++) ends[i] = (ends[i] as number) + (ends[i - 1] as number);
  for (let s = count - 1; s >= 0; s--) {
    for (let k = (start[first + s + 1] as number) - 1; k >= (start[first + s] as number); k--) {
      const i = index[k] as number;
      const at = (ends[i] as number) - 1;
      ends[i] = at;
      to.index[at] = s;
      to.value[at] = value[k] as number;
    }
  }
}
