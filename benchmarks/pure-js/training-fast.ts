/** SGD on a 3-layer sigmoid network with softmax and cross-entropy, batched, in well-written typed-array JavaScript. */
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

/** z [count, outputs] = b + input [count, inputs] W, zero inputs skipped. */
function affine(
  input: Float64Array,
  count: number,
  w: Float64Array,
  b: Float64Array,
  inputs: number,
  z: Float64Array,
): void {
  const outputs = b.length;
  for (let s = 0; s < count; s++) {
    const to = s * outputs;
    for (let o = 0; o < outputs; o++) z[to + o] = b[o] as number;
    for (let i = 0; i < inputs; i++) {
      const x = input[s * inputs + i] as number;
      if (x === 0) continue;
      const from = i * outputs;
      for (let o = 0; o < outputs; o++) z[to + o] = (z[to + o] as number) + x * (w[from + o] as number);
    }
  }
}

/** One step on inputs [count, sizes[0]] and labels [count]. `work`: from `workspace`. */
export function step(
  network: FastNetwork,
  inputs: Float64Array,
  labels: Int32Array,
  rate: number,
  work: Workspace,
): void {
  const { sizes, weights, biases } = network;
  const count = labels.length;
  const { a, d } = work;
  for (let l = 0; l < 3; l++) {
    const below = l === 0 ? inputs : (a[l - 1] as Float64Array);
    const z = a[l] as Float64Array;
    affine(below, count, weights[l] as Float64Array, biases[l] as Float64Array, sizes[l] as number, z);
    const n = count * (sizes[l + 1] as number);
    if (l < 2) for (let i = 0; i < n; i++) z[i] = 1 / (1 + Math.exp(-(z[i] as number)));
  }
  const classes = sizes[3];
  const [p, delta] = [a[2] as Float64Array, d[2] as Float64Array];
  for (let s = 0; s < count; s++) {
    let [top, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let c = 0; c < classes; c++) top = Math.max(top, p[s * classes + c] as number);
    for (let c = 0; c < classes; c++) sum += p[s * classes + c] = Math.exp((p[s * classes + c] as number) - top);
    for (let c = 0; c < classes; c++)
      delta[s * classes + c] = (p[s * classes + c] as number) / sum - (labels[s] === c ? 1 : 0);
  }
  for (let l = 2; l > 0; l--) {
    const [inner, outer] = [sizes[l] as number, sizes[l + 1] as number];
    const [w, above, below, act] = [weights[l], d[l], d[l - 1], a[l - 1]] as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let s = 0; s < count; s++) {
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let o = 0; o < outer; o++) sum += (w[i * outer + o] as number) * (above[s * outer + o] as number);
        const y = act[s * inner + i] as number;
        below[s * inner + i] = sum * y * (1 - y);
      }
    }
  }
  const scale = rate / count;
  for (let l = 0; l < 3; l++) {
    const below = l === 0 ? inputs : (a[l - 1] as Float64Array);
    const [inner, outer] = [sizes[l] as number, sizes[l + 1] as number];
    const [w, b, above] = [weights[l], biases[l], d[l]] as [Float64Array, Float64Array, Float64Array];
    for (let s = 0; s < count; s++) {
      for (let i = 0; i < inner; i++) {
        const x = scale * (below[s * inner + i] as number);
        if (x === 0) continue;
        for (let o = 0; o < outer; o++)
          w[i * outer + o] = (w[i * outer + o] as number) - x * (above[s * outer + o] as number);
      }
      for (let o = 0; o < outer; o++) b[o] = (b[o] as number) - scale * (above[s * outer + o] as number);
    }
  }
}

export interface Workspace {
  readonly a: readonly Float64Array[];
  readonly d: readonly Float64Array[];
}

export function workspace(sizes: FastNetwork['sizes'], batch: number): Workspace {
  const buffers = () => [1, 2, 3].map((l) => new Float64Array(batch * (sizes[l] as number)));
  return { a: buffers(), d: buffers() };
}
