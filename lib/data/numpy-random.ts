import mt19937 from '@stdlib/random-base-mt19937';
import { unexpected } from '../errors.js';

const STATE_WORDS = 624;

/**
 * numpy's legacy generator, `numpy.random.RandomState(seed)`: the same seed gives the same permutations, for ever.
 * MT19937 seeded by `init_genrand`; bounded integers by masking and rejection.
 */
export class RandomState {
  readonly #next: () => number;

  /**
   * @param seed a whole number in 0..2^32 - 1
   * @throws LegcnetError `ERR_OPTION` for any other seed
   */
  constructor(seed: number) {
    if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
      throw unexpected('ERR_OPTION', 'seed', 'a whole number in 0..4294967295', seed);
    }
    this.#next = mt19937.factory({ state: seededState(seed) });
  }

  /**
   * A uniform whole number in 0..max, `random_interval` of numpy.
   * @param max a whole number in 0..2^32 - 1; 0 draws nothing
   */
  interval(max: number): number {
    if (max === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(max)) - 1;
    for (;;) {
      const value = (this.#next() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /** `RandomState.shuffle`: reorders in place, from the last element down. Cost: O(n). */
  shuffle(array: { [index: number]: number; readonly length: number }): void {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.interval(i);
      const last = array[i]!;
      array[i] = array[j]!;
      array[j] = last;
    }
  }

  /** `RandomState.permutation(n)`: the numbers 0..n-1 in random order. Cost: O(n). */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n).map((_, i) => i);
    this.shuffle(order);
    return order;
  }
}

/**
 * The state that `init_genrand(seed)` leaves, in stdlib's layout: version, sections, length and words of the state,
 * length and index, length and words of the seed. stdlib seeds the same way but does not take 0 for a seed.
 */
function seededState(seed: number): Uint32Array {
  const state = new Uint32Array(STATE_WORDS + 7);
  state.set([1, 3, STATE_WORDS]);
  const words = state.subarray(3, 3 + STATE_WORDS);
  words[0] = seed;
  for (let i = 1; i < STATE_WORDS; i++) {
    const previous = words[i - 1]!;
    words[i] = Math.imul(previous ^ (previous >>> 30), 1812433253) + i;
  }
  state.set([1, STATE_WORDS, 1, seed], 3 + STATE_WORDS);
  return state;
}
