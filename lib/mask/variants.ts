/** LEGCNet's rules with options of their own, `ft(series=weights,fit=0,4)`: many rules on one training. */
import { LegcnetError, unexpected } from '../errors.js';
import {
  type CriterionSpec,
  type OptionDefinition,
  type OptionName,
  type OptionValues,
  options,
  splitNested,
  suggest,
} from '../options.js';

/** How a training is watched: what its series hang on. */
export const SERIES_OPTIONS = namesOf('series', 'exponent').filter(
  (name) => !['weightLog', 'maxMissing'].includes(name),
);

/** All that a rule may differ in. None of it changes the training itself. */
export const RULE_OPTIONS: readonly OptionName[] = [...SERIES_OPTIONS, 'maxMissing', ...namesOf('test')];

/** A rule with options of its own. */
export interface Variant {
  /** Without spaces: what it is called everywhere. */
  readonly name: CriterionSpec;
  readonly method: 'ft' | 'pt';
  /** Of `RULE_OPTIONS`, and `preset`: the preset whose defaults the other rule options have. */
  readonly given: OptionValues;
}

function namesOf(...groups: readonly string[]): OptionName[] {
  return (Object.keys(options) as OptionName[]).filter((name) => groups.includes(options[name].group));
}

/**
 * Reads `ft(option=value,...)` and `pt(...)`; options by their names in code, values as the command line has them.
 *
 * @returns undefined for what does not look like it
 * @throws LegcnetError ERR_OPTION
 */
export function parseVariant(spec: string): Variant | undefined {
  const [, method, inner] = (/^(ft|pt)\s*\((.*)\)$/s.exec(spec) ?? []) as (string | undefined)[];
  if (method === undefined || inner === undefined) return undefined;
  const given: Record<string, unknown> = {};
  const texts: string[] = [];
  for (const [name, text] of settings(spec, inner)) {
    if (Object.hasOwn(given, name)) throw unexpected('ERR_OPTION', 'method', `${name} once`, spec);
    if (!isVariable(name, method)) throw notVariable(name, method);
    const { schema, parse, expected } = options[name as OptionName] as OptionDefinition<unknown>;
    const parsed = schema.safeParse(parse(text));
    if (!parsed.success) throw unexpected('ERR_OPTION', `${name} of ${method}(...)`, expected, text);
    given[name] = parsed.data;
    texts.push(`${name}=${text.replaceAll(/\s/g, '')}`);
  }
  const of = method as Variant['method'];
  return { name: `${of}(${texts.join(',')})`, method: of, given };
}

/** A part without `=` belongs to the value before it: `fit=0,6`. */
function settings(spec: string, inner: string): [name: string, text: string][] {
  const found: [string, string][] = [];
  for (const part of splitNested(inner)) {
    const at = part.indexOf('=');
    const last = found.at(-1);
    if (at > 0) found.push([part.slice(0, at).trim(), part.slice(at + 1).trim()]);
    else if (last && part !== '') last[1] += `,${part}`;
    else throw unexpected('ERR_OPTION', 'method', 'options with values, as in ft(series=weights,maxLag=3)', spec);
  }
  return found;
}

/** FT watches all of the training: it has no use for `partial`. */
const isVariable = (name: string, method: string): boolean =>
  (name === 'preset' || (RULE_OPTIONS as readonly string[]).includes(name)) && (name !== 'partial' || method === 'pt');

function notVariable(name: string, method: string): LegcnetError {
  const names = ['preset', ...RULE_OPTIONS].filter((one) => isVariable(one, method));
  const expected = `one of ${names.join(', ')}`;
  if (Object.hasOwn(options, name)) {
    const why = name === 'partial' ? 'ft watches the whole training' : 'methods of a comparison share one training';
    const message = `${name} cannot be set for ${method}(...) alone: ${why}`;
    return new LegcnetError('ERR_OPTION', message, { subject: 'method', expected, received: name });
  }
  const near = suggest(name, names);
  const message = `there is no option ${name} of ${method}(...)${near ? `; did you mean ${near}?` : ''}`;
  return new LegcnetError('ERR_OPTION', message, { subject: 'method', expected, received: name });
}
