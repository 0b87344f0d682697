import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Downloads a Debian package as apt is set up to, unpacks it without installing it, and hands one of its files to `use`.
 * @param {string} name of the package
 * @param {string} path of the file in it, from the root
 * @param {string} sha256 of the file; it is refused if it is another
 * @param {(file: string) => T} use called with the file's place on disk
 * @returns {T}
 * @template T
 */
export function withDebianFile(name, path, sha256, use) {
  const folder = mkdtempSync(join(tmpdir(), 'legcnet-dataset-'));
  try {
    execFileSync('apt-get', ['download', name], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const [archive] = readdirSync(folder).filter((file) => file.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: folder });
    const file = join(folder, 'unpacked', path);
    const found = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (found !== sha256) throw new Error(`expected SHA-256 ${sha256} for ${path} of ${name} but received ${found}`);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Writes datasets/NAME.csv.
 * @param {string} name
 * @param {string[][]} records the header first; no cell holds a comma or a quote
 */
export function writeDataset(name, records) {
  const path = fileURLToPath(new URL(`../../datasets/${name}.csv`, import.meta.url));
  writeFileSync(path, records.map((record) => `${record.join(',')}\n`).join(''));
  process.stdout.write(`${path}: ${records.length - 1} rows\n`);
}
