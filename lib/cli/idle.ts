/** Flags that can make no difference, because another is missing, are refused; values of a configuration file are not. */
import { LegcnetError } from '../errors.js';
import { flagOf, options } from '../options.js';
import { type Need, RUN_NEEDS, type Settings, unmet } from '../pipeline/needs.js';

const isGiven = (value: unknown): boolean => value !== undefined;

/** Flags of single commands, beside the options of runs. */
export const NEEDS = {
  prune: [...RUN_NEEDS, { options: ['resume'], without: '--out', holds: ({ out }) => isGiven(out) }],
  compare: [
    ...RUN_NEEDS,
    { options: ['keepTickets'], without: '--out', holds: ({ out }) => isGiven(out) },
    { options: ['resamples'], without: 'two --seeds or more', holds: ({ seeds }) => Number(seeds) > 1 },
    {
      options: ['controls'],
      without: 'a method that is no random order',
      holds: ({ ordered }) => ordered === true,
    },
  ],
  sensitivity: RUN_NEEDS,
  lyapunov: RUN_NEEDS,
  granger: [
    ...RUN_NEEDS,
    {
      options: ['seed'],
      without: '--lag-correction circular-shift, whose shifts it draws',
      holds: ({ lagCorrection }) => lagCorrection === 'circular-shift',
    },
  ],
  diagnose: [
    {
      options: [
        ...['null', 'preset', 'label', 'testData', 'missing', 'split', 'splitSeed', 'shuffleSplit', 'stratify'],
        ...['scaling', 'refitScaling', 'estimator', 'explain', 'coalitions', 'permutations', 'steps'],
        ...['backgroundRows', 'sampleRows', 'top'],
      ],
      without: '--shapley',
      holds: ({ shapley }) => isGiven(shapley),
    },
    { options: ['randomise', 'fixFingers'], without: '--spectrum', holds: ({ spectrum }) => spectrum === true },
    { options: ['radius'], without: '--approximation', holds: ({ approximation }) => approximation === true },
    {
      options: ['activation', 'outputActivation'],
      without: '--shapley or --approximation',
      holds: ({ shapley, approximation }) => isGiven(shapley) || approximation === true,
    },
    {
      options: ['seed'],
      without: 'something to draw: shuffled entries, --shapley or --approximation',
      holds: ({ shapley, approximation, randomise }) =>
        isGiven(shapley) || approximation === true || randomise !== false,
    },
    { options: ['coalitions'], without: '--estimator kernel', holds: ({ estimator }) => estimator === 'kernel' },
    {
      options: ['permutations'],
      without: '--estimator permutation',
      holds: ({ estimator }) => estimator === 'permutation',
    },
    {
      options: ['steps'],
      without: '--estimator expected-gradients',
      holds: ({ estimator }) => estimator === 'expected-gradients',
    },
    { options: ['top'], without: 'a ticket or --null to compare with', holds: ({ compared }) => compared === true },
    ...RUN_NEEDS,
  ],
  reproduce: [
    {
      options: ['out', 'dataDir'],
      without: '--preset paper or strict where --init-dir has the arrays',
      holds: ({ initDir, preset }) => initDir === undefined || preset !== 'authors',
    },
    {
      options: ['dataDir'],
      without: 'banknote, vowel or titanic in --dataset',
      holds: ({ datasets }) =>
        datasets === undefined || ['banknote', 'vowel', 'titanic'].some((set) => (datasets as string[]).includes(set)),
    },
  ],
} satisfies Record<string, readonly Need[]>;

/**
 * @param parsed commander's values, by option name
 * @param settings what holds in the end: presets and configuration file included; several where one command has several
 * @throws LegcnetError ERR_OPTION naming the flag and what it needs
 */
export function refuseIdle(
  command: keyof typeof NEEDS,
  parsed: Record<string, unknown>,
  ...settings: readonly Settings[]
): void {
  for (const [name, value] of Object.entries(parsed)) {
    if (value === undefined || isOffAnyway(name, value)) continue;
    const need = unmet(name, NEEDS[command], settings);
    if (need) throw idle(value === false ? flagOf(name).replace('--', '--no-') : flagOf(name), need, value);
  }
}

/** Turning off what is off unless asked for says nothing wrong. */
const isOffAnyway = (name: string, value: unknown): boolean =>
  value === false && (options as Record<string, { default?: unknown }>)[name]?.default === false;

/** @param subject the flag, or the option and what it is of */
export const idle = (subject: string, { without }: Need, received: unknown): LegcnetError =>
  new LegcnetError('ERR_OPTION', `${subject} has no effect without ${without}`, {
    subject,
    expected: without,
    received,
  });
