/** What a report computes beside what a run folder holds: spectra, Shapley values, the test of single weights. */
import { explainedData, optionsOfRun } from '../diagnostics/explained-data.js';
import { type Models, readModels, toNetwork } from '../diagnostics/models.js';
import { shapley } from '../diagnostics/shapley.js';
import { spectrum } from '../diagnostics/spectrum.js';
import { isDatasetName } from '../data/datasets.js';
import { LegcnetError } from '../errors.js';
import type { JobOptions } from '../native.js';
import type { NetworkOptions } from '../network/mlp.js';
import type { OptionValues } from '../options.js';
import type { Missing } from './figure.js';
import { imageSide } from './figures/mask.js';
import type { ShapleyData } from './figures/shapley.js';
import type { NetworkSpectra } from './figures/spectra.js';
import { weightFigure } from './figures/weight.js';
import { type Extras, NOT_WATCHED } from './run-chapter.js';
import type { RunData } from './run-data.js';

const BACKGROUND_ROWS = 100;
/** Rows explained: all of a small test part, and as many images as a few seconds allow. */
const SAMPLES = { few: 10, many: 200 };

export async function computeExtras(run: RunData, data: string | undefined, job: JobOptions): Promise<Extras> {
  const models = await readModels(run.folder).catch(missingIf(['ERR_FILE', 'ERR_DATA']));
  return {
    weight: run.watched ? await weightFigure({ ...run, ...run.watched }, job) : NOT_WATCHED,
    spectra: 'missing' in models ? models : await spectraOf(models, job),
    shapley: 'missing' in models ? models : await shapleyOf(run, models, data, job),
  };
}

async function spectraOf({ models }: Models, job: JobOptions): Promise<NetworkSpectra[]> {
  const spectra: NetworkSpectra[] = [];
  for (const { name, matrices } of models) spectra.push({ network: name, layers: await spectrum(matrices, job) });
  return spectra;
}

async function shapleyOf(
  { record, layers }: RunData,
  { models, config }: Models,
  given: string | undefined,
  job: JobOptions,
): Promise<ShapleyData | Missing> {
  const source = given ?? String(config.dataset);
  if (given === undefined && !isDatasetName(source)) {
    return {
      missing: 'No Shapley values: the data are not shipped with legcnet. Name them: legcnet report --data <data>.',
    };
  }
  try {
    const { featureNames, background, samples } = await explainedData(
      source,
      optionsOfRun(config as OptionValues, source),
      {
        background: BACKGROUND_ROWS,
        samples: layers[0]!.inputs > 12 ? SAMPLES.few : SAMPLES.many,
        seed: 1,
      },
    );
    const networks: ShapleyData['networks'][number][] = [];
    const { activation, outputActivation } = config as NetworkOptions;
    for (const model of models) {
      const network = toNetwork(model, {
        ...(activation && { activation }),
        ...(outputActivation && { outputActivation }),
      });
      networks.push({ name: model.name, values: await shapley(network, background, samples, job) });
    }
    const { classes } = record.data;
    return { featureNames, classes, samples, networks, side: imageSide({ record, layers }) };
  } catch (error) {
    // data asked for by name must be there; those of the record may be on another machine
    if (given !== undefined) throw error;
    return missingIf(['ERR_DATA', 'ERR_FILE', 'ERR_ARGUMENT'])(error);
  }
}

/** An error that means that something is not there becomes its message. */
const missingIf =
  (codes: readonly string[]) =>
  (error: unknown): Missing => {
    if (error instanceof LegcnetError && codes.includes(error.code)) return { missing: `Not shown: ${error.message}` };
    throw error;
  };
