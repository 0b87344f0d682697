import type { JobOptions } from '../native.js';
import type { Mlp } from '../network/mlp.js';
import { type NamedMatrix, spectrum } from './spectrum.js';

/** A row of the paper's Table 4. */
export interface Table4Row {
  readonly network: string;
  readonly layer: string;
  /** Why there are no numbers, or `ok`. */
  readonly status: 'ok' | 'too-small' | 'non-finite' | 'zero' | 'no-tail';
  readonly alpha: number | undefined;
  readonly alphaWeighted: number | undefined;
}

/**
 * alpha and alpha-weighted of every layer of every network: the paper's Table 4, which compares dense and pruned ones.
 * Cost: as `spectrum` without its shuffles.
 *
 * @param networks by name, in the order of the rows
 * @throws LegcnetError as `spectrum`
 */
export async function table4(
  networks: Readonly<Record<string, Mlp | readonly NamedMatrix[]>>,
  job: JobOptions = {},
): Promise<Table4Row[]> {
  const rows: Table4Row[] = [];
  for (const [network, weights] of Object.entries(networks)) {
    for (const layer of await spectrum(weights, { ...job, randomise: false })) {
      const fit = layer.status === 'ok' ? layer.powerLaw : layer;
      const numbers = fit.status === 'ok' && 'alpha' in fit ? fit : undefined;
      const { alpha, alphaWeighted } = numbers ?? {};
      rows.push({ network, layer: layer.name, status: fit.status, alpha, alphaWeighted });
    }
  }
  return rows;
}
