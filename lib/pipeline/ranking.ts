/** A run's method at work: what it looks at is trained, the weights are scored, and so many of them kept. */
import { type Criterion, type ScoreContext, scoreWeights } from '../mask/criteria.js';
import { pruneInRounds } from '../mask/rounds.js';
import { selectBySparsity } from '../mask/select.js';
import { trainPartly, trajectoryOf } from '../mask/trajectory.js';
import type { JobOptions } from '../native.js';
import type { Mlp } from '../network/mlp.js';
import type { TrainOptions, TrainingParts } from '../network/train.js';
import type { Judgement } from './causality.js';
import type { PruneConfig } from './config.js';
import { type Variant, givesVerdicts, scoresTrained } from './method.js';

/** A training that scores are taken from. */
export interface Observed {
  readonly trained: Mlp;
  /** By the variants that the method watches with. */
  readonly judgements: { readonly [V in Variant]?: Judgement };
}

/** Weights kept, and the scores they were chosen by: those of the last round, -Infinity for what went before it. */
export interface Ranked {
  /** One byte a weight, 0 prunes. */
  readonly mask: Uint8Array;
  /** [weights] */
  readonly scores: Float64Array;
}

export interface RankedRun {
  readonly config: PruneConfig;
  readonly method: Criterion;
  readonly initial: Mlp;
  readonly parts: TrainingParts;
  /** The dense training; undefined where the method scores before training. */
  readonly dense: Observed;
  /** Where later rounds begin; `initial` without rewinding. */
  readonly start: Mlp;
  /** Options of the trainings that nobody else needs: by epoch, and of the first part. */
  readonly training: TrainOptions;
  readonly tieBreak: ArrayLike<number>;
  readonly job: JobOptions;
  /** Trains, and watches, the weights that a round has left; `name` is for checkpoints, `detail` for people. */
  readonly observe: (name: string, mask: Uint8Array, detail: string) => Promise<Observed>;
}

export class Ranking {
  private scored: Float64Array | undefined;
  private readonly known = new Map<number, Ranked>();

  constructor(private readonly run: RankedRun) {}

  /** @param sparsity that `kept` of all weights are; what SynFlow's and the rounds' schedules end at */
  async keep(kept: number, sparsity: number): Promise<Ranked> {
    const { config, initial, method, tieBreak } = this.run;
    if (config.rounds === 1) {
      if (!this.scored || method.options.includes('sparsity')) this.scored = await this.score(0, sparsity);
      const scores = this.scored;
      return { scores, mask: selectBySparsity(scores, initial.layers, kept, config.density, tieBreak) };
    }
    const known = this.known.get(kept);
    if (known) return known;
    const { rounds, density, seed } = config;
    let scores: Float64Array = new Float64Array();
    const mask = await pruneInRounds(initial.layers, { sparsity, rounds, density, seed }, async (left, round) => {
      scores = await this.score(round, sparsity, left, `${initial.weights - kept}-`);
      return scores;
    });
    const ranked = { mask, scores };
    this.known.set(kept, ranked);
    return ranked;
  }

  /** Round 0 is that of the dense training. */
  private async score(round: number, sparsity: number, left?: Uint8Array, label = ''): Promise<Float64Array> {
    const { config, method, initial, start, parts, training, job, dense, observe } = this.run;
    const first = round === 0;
    const mask = first ? undefined : left;
    const seen =
      mask && scoresTrained(method)
        ? await observe(`round-${label}${round}`, mask, `round ${round + 1} of ${config.rounds}`)
        : dense;
    if (givesVerdicts(method.name)) return (seen.judgements[method.name] as Judgement).score;
    const network = first ? initial : start;
    const needs = new Set(method.needs);
    const options = { ...training, mask };
    const context: ScoreContext = {
      ...{ network, mask, samples: parts.train, trained: seen.trained },
      judgement: seen.judgements.ft,
      partialJudgement: seen.judgements.pt,
      trajectory: needs.has('trajectory') ? trajectoryOf(network, parts, options) : undefined,
      partlyTrained: needs.has('partlyTrained')
        ? await trainPartly(network, parts, options, config.partial)
        : undefined,
    };
    const { seed, scoreRows, synflowRounds } = config;
    return scoreWeights(method.name, context, { seed, sparsity, scoreRows, synflowRounds, ...job });
  }
}
