/** Writes the results of a run into a folder, each file whole or not at all; docs/run-folder.md describes it. */
import path from 'node:path';
import type { NdArray } from '../data/ndarray.js';
import { makeFolder, writeFileAtomic } from '../data/files.js';
import { writeNpy } from '../data/npy.js';
import { writeSafetensors } from '../interchange/safetensors.js';
import type { Mlp } from '../network/mlp.js';
import { configHash } from './config.js';
import { curvesOf } from './curves.js';
import { givesVerdicts } from './method.js';
import type { PruneResult } from './prune.js';
import type { RunRecord } from './record.js';

/**
 * Writes a run folder (docs/run-folder.md), made where there is none; each file whole or not at all, `run.json` last.
 * Bytes: 8 (float32: 4) x weights x windows for the exponents, and some 30 a weight.
 *
 * @param record of the same result, by `toRecord`
 * @throws LegcnetError ERR_FILE
 */
export async function writeRunFolder(folder: string, result: PruneResult, record: RunRecord): Promise<void> {
  await makeFolder(folder);
  const at = (name: string): string => path.join(folder, name);
  const { judgement, scores, ticket, dense, initial, config, watch } = result;
  const { weights } = initial;
  if (judgement) {
    await writeNpy(at('exponents.npy'), { data: judgement.exponents, shape: [weights, judgement.windows] });
    await writeNpy(at('misclassification.npy'), { data: judgement.misclassification, shape: [judgement.windows] });
    await writeNpy(at('pvalues.npy'), { data: judgement.pValue, shape: [weights] });
  }
  if (watch) {
    const { sample = new Float32Array(), sampleEvery = 1 } = dense.series ?? {};
    const sampled = watch.sample.length;
    await writeNpy(at('series.npy'), { data: sample, shape: [sampled, sample.length / sampled] });
    const { series, window, stride } = watch;
    const explained = { weights: [...watch.sample], every: sampleEvery, series, window, stride };
    await writeFileAtomic(at('explained.json'), `${JSON.stringify(explained)}\n`);
  }
  await writeNpy(at('scores.npy'), { data: scores, shape: [weights] });
  for (const { name, inputs, outputs, offset } of initial.layers) {
    const data = ticket.mask.subarray(offset, offset + inputs * outputs);
    await writeNpy(at(`mask.${name}.npy`), { data, shape: [outputs, inputs] });
  }
  const mask = {
    method: givesVerdicts(config.method) ? `legcnet-${config.method}` : config.method,
    seed: config.seed,
    config: configHash(config),
    layers: ticket.summary.perLayer.map((layer) => ({ ...layer, file: `mask.${layer.name}.npy` })),
  };
  await writeFileAtomic(at('mask.json'), `${JSON.stringify(mask, undefined, 2)}\n`);
  await writeFileAtomic(at('curves.json'), `${JSON.stringify(curvesOf(result))}\n`);
  const metadata = { format: 'pt', legcnet: record.legcnet, config: record.configHash };
  await writeSafetensors(at('dense.safetensors'), tensorsOf(dense.network), metadata);
  await writeSafetensors(at('ticket.safetensors'), tensorsOf(ticket.training.network), metadata);
  await writeFileAtomic(at('run.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** W1 [outputs, inputs], b1 [outputs], W2, ... */
export function tensorsOf(network: Mlp): Map<string, NdArray> {
  const tensors = new Map<string, NdArray>();
  let bias = network.weights;
  for (const { name, inputs, outputs, offset } of network.layers) {
    const weight = network.parameters.subarray(offset, offset + inputs * outputs);
    tensors.set(name, { data: weight, shape: [outputs, inputs] });
    if (!network.options.biases) continue;
    tensors.set(`b${name.slice(1)}`, { data: network.parameters.subarray(bias, bias + outputs), shape: [outputs] });
    bias += outputs;
  }
  return tensors;
}
