/**
 * The figures of the LEGCNet paper's four tables, as printed there, each with its table, row and column. Numbers only;
 * R. Sahu, S. Chadha, N. Nagaraj, A. Mathur, S. Saha: "To Prune or not to Prune: A Chaos-Causality Approach to Principled
 * Pruning of Dense Neural Networks", arXiv:2308.09955 (2023). Revised: Chaos Theory and Applications 7 (2), 154-165
 * (2025), doi:10.51537/chaos.1588198. What the paper's figures disagree about is in docs/reproduction.md.
 */

export const REPRODUCED = ['cancer', 'titanic', 'banknote', 'iris', 'iris3f', 'vowel', 'mnist'] as const;
export type ReproducedSet = (typeof REPRODUCED)[number];

export const METHODS = ['dense', 'ft', 'pt', 'random', 'magnitude'] as const;
export type Method = (typeof METHODS)[number];

/** `flops`: unpruned weights, which is what the tables call Flops. `epochs`: counted from 0. `f1`: macro, test part. */
export type Metric = 'flops' | 'nonCausal' | 'percentPruned' | 'epochs' | 'accuracy' | 'f1';

export interface Column {
  readonly method: Method;
  readonly metric: Metric;
}

export interface PublishedRow {
  /** The first cell of the row, as printed. */
  readonly row: string;
  /** One number a column. */
  readonly values: readonly number[];
}

export interface PublishedTable {
  readonly columns: readonly Column[];
  readonly rows: Readonly<Record<ReproducedSet, PublishedRow>>;
}

export type TableNumber = 1 | 2 | 3;

const column = (method: Method, metric: Metric): Column => ({ method, metric });

export const PUBLISHED_TABLES: Readonly<Record<TableNumber, PublishedTable>> = {
  1: {
    columns: [
      column('dense', 'flops'),
      column('ft', 'flops'),
      column('ft', 'nonCausal'),
      column('dense', 'epochs'),
      column('ft', 'epochs'),
      column('dense', 'accuracy'),
      column('ft', 'accuracy'),
      column('dense', 'f1'),
      column('ft', 'f1'),
      column('ft', 'percentPruned'),
    ],
    rows: {
      cancer: { row: 'cancer(6)', values: [60, 54, 6, 70, 38, 0.8759, 0.8686, 0.8656, 0.857, 10] },
      titanic: { row: 'Titanic (8)', values: [56, 52, 4, 43, 20, 0.7225, 0.7177, 0.6948, 0.6843, 7.14] },
      banknote: { row: 'Banknote (8)', values: [40, 36, 4, 9, 7, 0.9018, 0.8909, 0.9016, 0.8906, 10] },
      iris: { row: 'Iris (6)', values: [42, 40, 2, 182, 166, 0.9, 0.9, 0.9124, 0.9419, 4.76] },
      iris3f: { row: 'Iris(3 features)(6)', values: [36, 26, 10, 139, 126, 0.9, 0.9, 0.933, 0.904, 27.78] },
      vowel: { row: 'Vowel (4)', values: [36, 34, 2, 36, 14, 0.7462, 0.7538, 0.7307, 0.74, 5.56] },
      mnist: { row: 'Mnist (50, 30)', values: [41000, 40861, 139, 27, 30, 0.9121, 0.9165, 0.8669, 0.8781, 0.34] },
    },
  },
  2: {
    columns: [
      column('ft', 'flops'),
      column('pt', 'flops'),
      column('ft', 'epochs'),
      column('pt', 'epochs'),
      column('ft', 'accuracy'),
      column('pt', 'accuracy'),
      column('ft', 'f1'),
      column('pt', 'f1'),
      column('pt', 'percentPruned'),
    ],
    rows: {
      cancer: { row: 'Cancer(12)', values: [54, 42, 38, 24, 0.8686, 0.8759, 0.8656, 0.8643, 30] },
      titanic: { row: 'Titanic(3)', values: [52, 29, 20, 36, 0.7177, 0.7249, 0.6843, 0.6969, 48.21] },
      banknote: { row: 'Banknote(2)', values: [36, 37, 7, 6, 0.8909, 0.8945, 0.8906, 0.8943, 7.5] },
      iris: { row: 'Iris(20)', values: [40, 40, 166, 173, 0.9, 0.9, 0.9124, 0.9124, 4.76] },
      iris3f: { row: 'Iris 3f(20)', values: [26, 28, 126, 135, 0.9, 0.9333, 0.904, 0.933, 22.22] },
      vowel: { row: 'Vowel(5)', values: [34, 28, 14, 20, 0.7538, 0.7538, 0.74, 0.7441, 22.22] },
      mnist: { row: 'MNIST(5)', values: [40861, 40867, 30, 29, 0.9165, 0.9152, 0.8781, 0.8408, 0.32] },
    },
  },
  3: {
    columns: [
      column('random', 'epochs'),
      column('random', 'accuracy'),
      column('magnitude', 'accuracy'),
      column('random', 'f1'),
      column('magnitude', 'f1'),
    ],
    rows: {
      cancer: { row: 'Cancer', values: [42, 0.8759, 0.8905, 0.8656, 0.8814] },
      titanic: { row: 'Titanic', values: [35, 0.7201, 0.7201, 0.6842, 0.6906] },
      banknote: { row: 'Banknote', values: [6, 0.8945, 0.9018, 0.8943, 0.9015] },
      iris: { row: 'iris', values: [179, 0.9, 0.9, 0.9124, 0.9124] },
      iris3f: { row: 'Iris(3 features)', values: [160, 0.9, 0.9333, 0.933, 0.933] },
      vowel: { row: 'Vowel', values: [28, 0.7462, 0.7462, 0.7229, 0.7307] },
      mnist: { row: 'Mnist', values: [31, 0.9119, 0.9121, 0.8627, 0.8669] },
    },
  },
};

/** Power-law exponent of a layer's spectrum, and the same times the decadic logarithm of the largest eigenvalue. */
export interface LayerExponents {
  readonly alpha: number;
  readonly alphaWeighted: number;
}

const layer = (alpha: number, alphaWeighted: number): LayerExponents => ({ alpha, alphaWeighted });

/** Table 4, MNIST: layers 784-50, 50-30, 30-10. */
export const PUBLISHED_SPECTRA: Readonly<Record<Method, readonly LayerExponents[]>> = {
  dense: [layer(2.19, 1.63), layer(1.51, 1.88), layer(1.94, 2.76)],
  ft: [layer(2.24, 1.64), layer(1.51, 1.83), layer(2.29, 3.2)],
  pt: [layer(2.19, 1.71), layer(1.51, 1.85), layer(2.73, 3.87)],
  random: [layer(2.3, 1.53), layer(1.7, 1.95), layer(2, 2.84)],
  magnitude: [layer(2.19, 1.63), layer(1.55, 1.85), layer(1.96, 2.78)],
};

/**
 * Which of the authors' five initial weights a row of Table 1 comes from: in it, epochs, accuracy and F1 of the dense and
 * of the FT network agree with the row to its last digit (found by replaying all five). Vowel: in none; MNIST: not shipped.
 */
export const PUBLISHED_TRIAL: Readonly<Partial<Record<ReproducedSet, number>>> = {
  cancer: 2,
  titanic: 1,
  banknote: 4,
  iris: 5,
  iris3f: 2,
};

/** What the authors' code calls the data sets. */
export const AUTHORS_NAMES: Readonly<Record<string, ReproducedSet>> = {
  cancer2: 'cancer',
  titanic2: 'titanic',
  bank_note: 'banknote',
  iris: 'iris',
  iris3f: 'iris3f',
  vowel: 'vowel',
};
