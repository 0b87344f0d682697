import { unexpected } from '../errors.js';
import { type OptionValues, type ResolvedOptions, resolveOptions } from '../options.js';

/** The options of an exponent, by their names in the table. */
export const EXPONENT_OPTIONS = [
  'exponent',
  'divergence',
  'embeddingDimension',
  'delay',
  'theilerWindow',
  'horizon',
  'radius',
  'minNeighbours',
  'fit',
  'minRange',
  'quantise',
  'meanChange',
  'textRounding',
] as const;

/** Resolved options of an exponent; also what the addon takes (see native/binding/lyapunov_options.h). */
export type ExponentOptions = ResolvedOptions<(typeof EXPONENT_OPTIONS)[number]>;

/** Defaults that depend on what was given: all neighbours within a radius need a radius. */
export function exponentDefaults(given: object): OptionValues {
  return (given as { divergence?: unknown } | null)?.divergence === 'kantz' ? { radius: 'default' } : {};
}

/**
 * Validates and defaults the options of an exponent. With `divergence: 'kantz'` the default of `radius` is 'default'.
 * O(1).
 * @throws LegcnetError ERR_OPTION for an unknown option, a bad value, or values that do not go together
 */
export function resolveExponent(given: object = {}): ExponentOptions {
  const options = resolveOptions(EXPONENT_OPTIONS, given, exponentDefaults(given));
  if (options.divergence === 'kantz' && options.radius === 'all') {
    throw unexpected(
      'ERR_OPTION',
      'radius',
      '"default" or a positive number where divergence is kantz',
      options.radius,
    );
  }
  if (options.fit && options.fit[1] > options.horizon) {
    throw unexpected('ERR_OPTION', 'fit', `a range within the horizon, 0 to ${options.horizon}`, options.fit);
  }
  return options;
}
