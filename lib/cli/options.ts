/** Command-line flags from the option table, and their values back; a configuration file has the same names. */
import { type Command, Option } from 'commander';
import { readJson } from '../data/files.js';
import { LegcnetError, unexpected } from '../errors.js';
import { type OptionDefinition, type OptionName, checkOption, flagOf, options, suggest } from '../options.js';

const definitionOf = (name: OptionName): OptionDefinition<unknown> => options[name] as OptionDefinition<unknown>;

/** Adds a flag for each option; `defaults` are shown where the table's do not hold for this command. */
export function addOptions(
  command: Command,
  names: readonly OptionName[],
  defaults: Partial<Record<OptionName, string>> = {},
): void {
  for (const name of names) {
    const { placeholder, help, helpOff = '', default: value, group } = definitionOf(name);
    const shown = defaults[name] ?? (value === undefined || typeof value === 'boolean' ? undefined : show(value));
    const text = shown === undefined ? help : `${help} (default: ${shown})`;
    if (placeholder !== '') {
      command.addOption(new Option(`${flagOf(name)} ${placeholder}`, text).helpGroup(heading(group)));
      continue;
    }
    // A switch can be turned either way; help shows the way that changes the table's default.
    const on = new Option(flagOf(name), text).helpGroup(heading(group));
    const off = new Option(flagOf(name).replace('--', '--no-'), helpOff).helpGroup(heading(group));
    command.addOption(on.hideHelp(value === true)).addOption(off.hideHelp(value !== true));
  }
}

const heading = (group: string): string => `${group[0]?.toUpperCase()}${group.slice(1)} options:`;

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'percent' in value) return `${value.percent}%`;
  return String(value);
}

/**
 * The options given, as values: those of the file first, then the flags, which win.
 *
 * @param parsed commander's values, by option name
 * @throws LegcnetError ERR_OPTION
 */
export async function readOptions(
  parsed: Record<string, unknown>,
  names: readonly OptionName[],
): Promise<Record<string, unknown>> {
  const given = typeof parsed.config === 'string' ? await readConfigFile(parsed.config, names) : {};
  for (const name of names) {
    const value = parsed[name];
    if (value === undefined) continue;
    given[name] = checkFlag(name, typeof value === 'string' ? definitionOf(name).parse(value) : value, value);
  }
  return given;
}

/** The message names the flag and, where it was read as an object, the text: what the user typed. */
function checkFlag(name: OptionName, value: unknown, typed: unknown): unknown {
  try {
    return checkOption(name, value);
  } catch (error) {
    const received = typeof value === 'object' && !Array.isArray(value) ? typed : value;
    throw unexpected('ERR_OPTION', flagOf(name), definitionOf(name).expected, received, error);
  }
}

async function readConfigFile(file: string, names: readonly OptionName[]): Promise<Record<string, unknown>> {
  let config: unknown;
  try {
    config = await readJson(file);
  } catch (error) {
    const { cause } = error as Error;
    const code = cause instanceof SyntaxError ? 'ERR_OPTION' : 'ERR_FILE';
    throw new LegcnetError(code, `cannot read the configuration ${file}: ${(cause as Error).message}`, {
      subject: file,
      cause,
    });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw unexpected('ERR_OPTION', file, 'an object of options', config);
  }
  // the config of a run.json also says what it was run on; here the argument does
  const { dataset: _, ...given } = config as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) {
    if (!(names as readonly string[]).includes(name)) {
      const near = suggest(name, names);
      throw new LegcnetError(
        'ERR_OPTION',
        `${file}: there is no option ${name}${near ? `; did you mean ${near}?` : ''}`,
        {
          subject: name,
          received: name,
        },
      );
    }
    checkOption(name as OptionName, value);
  }
  return given;
}
