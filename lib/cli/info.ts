import { cpus } from 'node:os';
import type { Command } from 'commander';
import { defaultThreads, native, nativePath } from '../native.js';
import { version } from '../pipeline/version.js';
import { Printer } from './printer.js';

export function addInfo(program: Command): void {
  program
    .command('info')
    .summary('what this installation is')
    .description('Version, binary and the instructions it uses, processor, threads.')
    .option('--json', 'print as JSON')
    .action((parsed: { json?: boolean }) => {
      const { variant, features, compiler } = native.info();
      const facts = {
        legcnet: version,
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        binary: nativePath,
        variant,
        compiler,
        cpu: cpus()[0]?.model ?? 'unknown',
        features,
        threads: defaultThreads(),
      };
      const printer = new Printer(true);
      if (parsed.json) printer.json(facts);
      else
        for (const [name, value] of Object.entries(facts)) printer.out(`${name.padEnd(10)}${[value].flat().join(' ')}`);
    });
}
