/**
 * SGD on a multilayer perceptron in plain JavaScript, as clear as it can be: the slow oracle of the tests, and what native
 * training is measured against. Same formulas and parameter order as `Mlp`; float64 only.
 */
export interface PureNetwork {
  readonly sizes: readonly number[];
  readonly activation: 'sigmoid' | 'tanh' | 'relu' | 'linear';
  readonly outputActivation: 'sigmoid' | 'softmax' | 'linear';
  readonly loss: 'squared-error' | 'cross-entropy';
  readonly squaredErrorFactor: number;
  readonly divideByOutputs: boolean;
  readonly biases: boolean;
  /** [W1 [outputs, inputs], W2, ..., b1, b2, ...]; changed by `step`. */
  readonly parameters: Float64Array;
}

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

function layersOf({ sizes, biases, parameters }: PureNetwork): Layer[] {
  let weight = 0;
  let bias = sizes.slice(1).reduce((sum, size, l) => sum + size * (sizes[l] as number), 0);
  return sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l] as number;
    const layer = {
      inputs,
      outputs,
      weights: parameters.subarray(weight, weight + inputs * outputs),
      biases: biases ? parameters.subarray(bias, bias + outputs) : new Float64Array(outputs),
    };
    weight += inputs * outputs;
    bias += outputs;
    return layer;
  });
}

const functions = {
  sigmoid: (z: number) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  relu: (z: number) => Math.max(0, z),
  linear: (z: number) => z,
};
/** f'(z) in terms of a = f(z). */
const derivatives = {
  sigmoid: (a: number) => a * (1 - a),
  tanh: (a: number) => 1 - a * a,
  relu: (a: number) => (a > 0 ? 1 : 0),
  linear: () => 1,
};

/** Activations of every layer for one sample, the input first. */
export function forward(network: PureNetwork, input: Float64Array): Float64Array[] {
  const activations = [input];
  const layers = layersOf(network);
  layers.forEach(({ inputs, outputs, weights, biases }, l) => {
    const a = activations[l] as Float64Array;
    const z = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) {
      let sum = biases[o] as number;
      for (let i = 0; i < inputs; i++) sum += (weights[o * inputs + i] as number) * (a[i] as number);
      z[o] = sum;
    }
    const last = l === layers.length - 1;
    activations.push(last && network.outputActivation === 'softmax' ? softmax(z) : z.map(functionOf(network, last)));
  });
  return activations;
}

const functionOf = (network: PureNetwork, last: boolean) =>
  functions[(last ? network.outputActivation : network.activation) as keyof typeof functions];

function softmax(z: Float64Array): Float64Array {
  const top = Math.max(...z);
  const e = z.map((x) => Math.exp(x - top));
  const sum = e.reduce((s, x) => s + x, 0);
  return e.map((x) => x / sum);
}

/** dLoss/dz of the output layer for one sample. */
function outputDelta(network: PureNetwork, a: Float64Array, y: Float64Array): Float64Array {
  const { loss, outputActivation, squaredErrorFactor, divideByOutputs } = network;
  if (loss === 'cross-entropy') return a.map((p, j) => p - (y[j] as number));
  const slope = a.map((p, j) => (squaredErrorFactor * (p - (y[j] as number))) / (divideByOutputs ? a.length : 1));
  if (outputActivation !== 'softmax') return slope.map((g, j) => g * derivatives[outputActivation](a[j] as number));
  const mean = slope.reduce((sum, g, j) => sum + g * (a[j] as number), 0);
  return slope.map((g, j) => (a[j] as number) * (g - mean));
}

/** One step on the mean gradient of a batch: inputs [rows, inputs], targets [rows, outputs], one sub-array a row. */
export function step(
  network: PureNetwork,
  inputs: readonly Float64Array[],
  targets: readonly Float64Array[],
  learningRate: number,
  mask?: Uint8Array,
): void {
  const layers = layersOf(network);
  const gradients = layers.map((layer) => ({
    weights: new Float64Array(layer.weights.length),
    biases: new Float64Array(layer.outputs),
  }));
  inputs.forEach((input, row) => {
    const activations = forward(network, input);
    let delta = outputDelta(network, activations.at(-1) as Float64Array, targets[row] as Float64Array);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { inputs: fanIn, outputs, weights } = layers[l] as Layer;
      const below = activations[l] as Float64Array;
      const gradient = gradients[l] as (typeof gradients)[number];
      const next = new Float64Array(fanIn);
      for (let o = 0; o < outputs; o++) {
        const d = delta[o] as number;
        gradient.biases[o] = (gradient.biases[o] as number) + d;
        for (let i = 0; i < fanIn; i++) {
          const w = o * fanIn + i;
          gradient.weights[w] = (gradient.weights[w] as number) + d * (below[i] as number);
          next[i] = (next[i] as number) + d * (weights[w] as number);
        }
      }
      delta = next.map((d, i) => d * derivatives[network.activation](below[i] as number));
    }
  });
  const rate = learningRate / inputs.length;
  layers.forEach((layer, l) => {
    const gradient = gradients[l] as (typeof gradients)[number];
    gradient.weights.forEach((g, w) => {
      layer.weights[w] = (layer.weights[w] as number) - rate * g;
    });
    gradient.biases.forEach((g, o) => {
      layer.biases[o] = (layer.biases[o] as number) - rate * g;
    });
  });
  mask?.forEach((kept, w) => {
    if (!kept) network.parameters[w] = 0;
  });
}
