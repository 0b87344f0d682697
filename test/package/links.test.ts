// What the documentation refers to is there, in the package too.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files that a Markdown file links to or shows, as paths in the package. */
async function linked(file: string): Promise<string[]> {
  const text = await readFile(path.join(root, file), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, link, image]) => (link ?? image)!);
  return targets
    .filter((target) => !/^(https?:|#)/.test(target))
    .map((target) => path.posix.join(path.posix.dirname(file), target.replace(/#.*/, '')));
}

test('every file that the documentation links to or shows is in the package', async () => {
  const documents = (await readdir(path.join(root, 'docs'))).filter((name) => name.endsWith('.md'));
  const files = ['README.md', 'CHANGELOG.md', 'examples/README.md', ...documents.map((name) => `docs/${name}`)];
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const packed = new Set((JSON.parse(stdout)[0].files as { path: string }[]).map((file) => file.path));
  assert.ok((await linked('README.md')).includes('docs/images/mnist-pixels.png'));
  for (const file of files) {
    for (const target of await linked(file)) {
      assert.ok(existsSync(path.join(root, target)), `${file}: ${target} is not there`);
      assert.ok(packed.has(target), `${file}: ${target} is not in the package`);
    }
  }
});

test.run();
