/**
 * TensorFlow.js training and predicting with the same network, written with its core operations: fused layers, gradients
 * by hand, so that neither its gradient tape nor its layers library costs it time. float32.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Tf from '@tensorflow/tfjs-core';

const require = createRequire(import.meta.url);

export type Backend = 'cpu' | 'wasm';
type Core = typeof Tf;
type Tensor1D = Tf.Tensor1D;
type Tensor2D = Tf.Tensor2D;
type Rank1 = Tf.Variable<Tf.Rank.R1>;
type Rank2 = Tf.Variable<Tf.Rank.R2>;

export class Tfjs {
  private readonly weights: Rank2[] = [];
  private readonly biases: Rank1[] = [];

  private constructor(
    private readonly tf: Core,
    private readonly backend: Backend,
  ) {}

  /** @returns why it cannot be had, where it is not installed */
  static async open(backend: Backend): Promise<Tfjs | { absent: string }> {
    try {
      const tf = require('@tensorflow/tfjs-core') as Core;
      if (backend === 'cpu') require('@tensorflow/tfjs-backend-cpu');
      else {
        const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths: (folder: string) => void };
        wasm.setWasmPaths(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + path.sep);
      }
      tf.enableProdMode();
      await withoutListeners(() => use(tf, backend));
      return new Tfjs(tf, backend);
    } catch (error) {
      return { absent: `@tensorflow/tfjs-core or -backend-${backend}: ${(error as Error).message.split('\n')[0]}` };
    }
  }

  /** Makes this backend the one that computes: there is one at a time. */
  async use(): Promise<void> {
    await use(this.tf, this.backend);
  }

  /** @param parameters in the order of `Mlp.parameters` */
  setParameters(sizes: readonly number[], parameters: Float64Array): void {
    const { tf } = this;
    [...this.weights.splice(0), ...this.biases.splice(0)].forEach((variable) => variable.dispose());
    let at = 0;
    const take = (count: number): Float32Array => Float32Array.from(parameters.subarray(at, (at += count)));
    for (let l = 0; l + 1 < sizes.length; l++) {
      const [inputs, outputs] = [sizes[l] as number, sizes[l + 1] as number];
      const w = tf.tidy(() => tf.transpose(tf.tensor2d(take(inputs * outputs), [outputs, inputs])));
      this.weights.push(tf.variable(w as Tensor2D));
      w.dispose();
    }
    for (const outputs of sizes.slice(1)) this.biases.push(tf.variable(tf.tensor1d(take(outputs))));
  }

  /** Batches as tensors: inputs [batch, features] and one-hot targets. */
  batches(inputs: Float32Array, labels: Int32Array, features: number, classes: number, batch: number) {
    const { tf } = this;
    return Array.from({ length: Math.ceil(labels.length / batch) }, (_, b) => {
      const chosen = labels.subarray(b * batch, (b + 1) * batch);
      const x = inputs.subarray(b * batch * features, (b * batch + chosen.length) * features);
      return {
        x: tf.tensor2d(x, [chosen.length, features]),
        y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(chosen, 'int32'), classes), 'float32')) as Tensor2D,
      };
    });
  }

  private forward(x: Tensor2D): Tensor2D[] {
    const { tf, weights, biases } = this;
    const activations = [x];
    weights.forEach((b, l) => {
      const last = l === weights.length - 1;
      const bias = biases[l] as Tensor1D;
      const a = activations[l] as Tensor2D;
      activations.push(tf.fused.matMul({ a, b, bias, activation: last ? 'linear' : 'sigmoid' }) as Tensor2D);
    });
    return activations;
  }

  /** One step of SGD on softmax and cross-entropy. */
  step({ x, y }: { x: Tensor2D; y: Tensor2D }, rate: number): void {
    const { tf, weights, biases } = this;
    tf.tidy(() => {
      const activations = this.forward(x);
      let delta: Tensor2D = tf.mul(tf.sub(tf.softmax(activations.pop() as Tensor2D), y), rate / x.shape[0]);
      for (let l = weights.length - 1; l >= 0; l--) {
        const [a, w, b] = [activations[l], weights[l], biases[l]] as [Tensor2D, Rank2, Rank1];
        const gradient = tf.matMul(a, delta, true, false);
        const sums = tf.sum<Tensor1D>(delta, 0);
        if (l > 0) delta = tf.mul(tf.matMul(delta, w, false, true), tf.mul(a, tf.sub(1, a)));
        w.assign(tf.sub(w, gradient));
        b.assign(tf.sub(b, sums));
      }
    });
  }

  /** Class probabilities [rows, classes]. */
  async predict(x: Tensor2D): Promise<Float32Array> {
    const p = this.tf.tidy(() => this.tf.softmax(this.forward(x).pop() as Tensor2D));
    const values = (await p.data()) as Float32Array;
    p.dispose();
    return values;
  }

  /** W1 [outputs, inputs], row-major: also waits for all that was to be computed. */
  async firstLayer(): Promise<Float32Array> {
    const w = this.tf.tidy(() => this.tf.transpose(this.weights[0] as Rank2));
    const values = (await w.data()) as Float32Array;
    w.dispose();
    return values;
  }
}

async function use(tf: Core, backend: Backend): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend does not start`);
  await tf.ready();
}

/** The wasm module puts listeners for uncaught errors on the process, which print its whole source. */
async function withoutListeners(work: () => Promise<void>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.rawListeners(event));
  await work();
  events.forEach((event, i) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[i]?.includes(listener)) process.removeListener(event, listener as (error: unknown) => void);
    }
  });
}
