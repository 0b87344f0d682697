import { unexpected } from '../errors.js';
import { type ResolvedOptions, resolveOptions } from '../options.js';

/** The options of an exponent, by their names in the table. */
export const EXPONENT_OPTIONS = [
  'exponent',
  'embeddingDimension',
  'delay',
  'theilerWindow',
  'horizon',
  'radius',
  'fit',
  'minRange',
  'quantise',
  'meanChange',
  'textRounding',
] as const;

/** Resolved options of an exponent; also what the addon takes (see native/binding/lyapunov_options.h). */
export type ExponentOptions = ResolvedOptions<(typeof EXPONENT_OPTIONS)[number]>;

/** Validates and defaults the options of an exponent. @throws LegcnetError ERR_OPTION */
export function resolveExponent(given: object = {}): ExponentOptions {
  const options = resolveOptions(EXPONENT_OPTIONS, given);
  if (options.fit && options.fit[1] > options.horizon) {
    throw unexpected('ERR_OPTION', 'fit', `a range within the horizon, 0 to ${options.horizon}`, options.fit);
  }
  return options;
}
