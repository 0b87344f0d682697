import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RandomState } from '../../lib/data/numpy-random.js';
import { readNpy, writeNpy } from '../../lib/data/npy.js';
import { runCli, startCli } from '../helpers/cli.js';
import { golden, goldenTest } from '../helpers/golden.js';
import { withTempFolder } from '../helpers/temp.js';

test('prune prints a table, and writes the run folder', async () => {
  await withTempFolder(async (folder) => {
    const { code, stdout, stderr } = await runCli('prune', 'iris', '--epochs', '30', '--out', `${folder}/run`);
    assert.is(code, 0, stderr);
    for (const row of ['dense', 'ticket', 'random', 'magnitude', 'verdicts:', 'time:']) assert.match(stdout, row);
    const files = await readdir(`${folder}/run`);
    for (const file of ['run.json', 'mask.json', 'mask.W1.npy', 'mask.W2.npy', 'exponents.npy', 'pvalues.npy']) {
      assert.ok(files.includes(file), file);
    }
    assert.ok(!files.includes('checkpoint') && !files.some((file) => file.endsWith('.tmp')));
    const again = await runCli('prune', 'iris', '--epochs', '30', '--out', `${folder}/run`);
    assert.is(again.code, 2);
    assert.match(again.stderr, 'finished run');
    await mkdir(`${folder}/comparison`);
    await writeFile(`${folder}/comparison/plan.json`, '{}');
    const beside = await runCli('prune', 'iris', '--epochs', '30', '--out', `${folder}/comparison`);
    assert.is(beside.code, 2);
    assert.match(beside.stderr, 'a folder without a comparison');
  });
});

test('prune plots how the run went: blocks, else ASCII; --json has the numbers, --quiet neither', async () => {
  const run = (env: NodeJS.ProcessEnv, ...flags: string[]) =>
    startCli(['prune', 'iris', '--epochs', '30', ...flags], env).finished;
  const [blocks, ascii, quiet, json, unwatched] = await Promise.all([
    run({}),
    run({ LC_ALL: 'C' }),
    run({}, '--quiet'),
    run({}, '--json', '--no-baselines'),
    run({}, '--method', 'magnitude', '--sparsity', '0.5'),
  ]);
  assert.match(blocks.stdout, /^test accuracy over 30 epochs, [\d.]+ to [\d.]+ %\n {2}dense +[▁-█]{30}\n {2}ticket /m);
  assert.match(blocks.stdout, /^ {2}mean exponent +[▁-█]{40} {2}-?[\d.]+ to [\d.]+\n {2}misclassification [▁-█]{40} /m);
  assert.match(blocks.stdout, /^p-values of 42 weights\n {2}from 0 to 1 +[▁-█ ]+ {2}\d+ below 0.05$/m);
  assert.match(unwatched.stdout, /^ {2}dense +[▁-█]{30}$/m);
  assert.not.match(unwatched.stdout, /mean exponent|p-values/);
  assert.match(ascii.stdout, /^ {2}dense +[.:\-=+*#@]{30}$/m);
  assert.is(Buffer.byteLength(ascii.stdout), ascii.stdout.length);
  assert.not.match(quiet.stdout, /[▁-█]|p-values|windows\n {2}/);
  assert.match(quiet.stdout, 'verdicts:');
  const { plots, verdicts, dense, windows } = JSON.parse(json.stdout);
  const { watched } = plots;
  assert.equal(Object.keys(plots.accuracy), ['dense', 'ticket']);
  assert.equal(
    plots.epochs,
    [...Array(30).keys()].map((i) => i + 1),
  );
  assert.is(plots.accuracy.dense.at(-1), dense.accuracy.test);
  assert.equal([watched.exponents.length, watched.misclassification.length], [40, 40]);
  assert.is(
    watched.pValues.counts.reduce((sum: number, count: number) => sum + count),
    42 - watched.pValues.none,
  );
  assert.is(watched.pValues.none, verdicts.static + verdicts.undecided);
  assert.ok(windows > 40);
});

test('flags win over the configuration file, which knows the same names', async () => {
  await withTempFolder(async (folder) => {
    // as some editors save it
    await writeFile(`${folder}/c.json`, `\uFEFF${JSON.stringify({ epochs: 25, seed: 5, layers: [4] })}`);
    const { code, stdout, stderr } = await runCli(
      ...['prune', 'iris', '--config', `${folder}/c.json`, '--seed', '6', '--json', '--quiet'],
    );
    assert.is(code, 0, stderr);
    assert.is(stderr, '');
    const record = JSON.parse(stdout);
    assert.equal([record.config.epochs, record.config.seed, record.config.layers], [25, 6, [4]]);
    await writeFile(`${folder}/c.json`, JSON.stringify(record.config));
    const again = JSON.parse(
      (await runCli('prune', 'iris', '--config', `${folder}/c.json`, '--json', '--quiet')).stdout,
    );
    assert.is(again.configHash, record.configHash);
    await writeFile(`${folder}/c.json`, JSON.stringify({ epoch: 25 }));
    const wrong = await runCli('prune', 'iris', '--config', `${folder}/c.json`);
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, 'did you mean epochs?');
  });
});

test('usage errors exit with 2 and say what was expected', async () => {
  const cases: [string[], RegExp][] = [
    [['prune', 'iris', '--epoch', '3'], /Did you mean --epochs/],
    [['prune', 'iris', '--epochs', 'many'], /expected an integer from 1 to 1e6 for --epochs but received "many"/],
    [['prune', 'iris', '--alpha', '2'], /--alpha/],
    [['prune', 'iris', '--fit', '4,2'], /--fit/],
    [['prune', 'iris', '--partial', 'x%'], /--partial/],
    [['prune', 'iris', '--partial', '200%'], /at most 100%, .* for --partial but received "200%"/],
    [['prune', 'iris', '--layers', '10000000'], /integers from 1 to 1e6, .* but received \[10000000\]/],
    [['prune', 'iris', '--seed', '-1'], /an integer from 0 to 4294967295 for --seed/],
    [['compare', 'iris', '--methods', 'ft,foo'], /expected one of ft, pt, .* but received "foo"/],
    [['prune', 'iris', '--resume'], /--out/],
    [['prune'], /missing required argument/],
    [['pruen', 'iris'], /Did you mean prune/],
  ];
  const results = await Promise.all(cases.map(([args]) => runCli(...args)));
  cases.forEach(([args, message], i) => {
    assert.is(results[i]?.code, 2, `${args.join(' ')}: ${results[i]?.stderr}`);
    assert.match(results[i]?.stderr ?? '', message);
  });
});

test('failures exit with 1', async () => {
  const { code, stderr } = await runCli('prune', 'nowhere.csv');
  assert.is(code, 1);
  assert.match(stderr, 'nowhere.csv');
  assert.not.match(stderr, /at .*\.ts:/);
});

test('help and version', async () => {
  const help = await runCli('--help');
  assert.is(help.code, 0);
  for (const command of ['prune', 'lyapunov', 'granger', 'diagnose', 'replay', 'info'])
    assert.match(help.stdout, command);
  const { stdout } = await runCli('prune', '--help');
  for (const flag of ['--layers', '--theiler-window', '--lag-order', '--within', '--config'])
    assert.match(stdout, flag);
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.is((await runCli('--version')).stdout.trim(), version);
});

test('Ctrl-C stops cleanly with 130 and leaves what was finished; --resume goes on to the same bits', async () => {
  await withTempFolder(async (folder) => {
    const args = ['prune', 'titanic', '--epochs', '400'];
    const out = `${folder}/run`;
    const { child, finished } = startCli([...args, '--out', out]);
    while (!existsSync(`${out}/checkpoint/dense.safetensors`)) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    assert.is(code, 130, stderr);
    assert.not(existsSync(`${out}/run.json`));
    const resumed = await runCli(...args, '--out', out, '--resume');
    assert.is(resumed.code, 0, resumed.stderr);
    const whole = await runCli(...args, '--out', `${folder}/whole`);
    assert.is(whole.code, 0, whole.stderr);
    for (const file of ['ticket.safetensors', 'dense.safetensors', 'exponents.npy', 'pvalues.npy', 'mask.json']) {
      assert.ok((await readFile(`${out}/${file}`)).equals(await readFile(`${folder}/whole/${file}`)), file);
    }
  });
});

test('on a terminal Ctrl-C ends the progress bar, and with it the program', async () => {
  await withTempFolder(async (folder) => {
    const noise = new RandomState(1).permutation(400 * 3000);
    await writeNpy(`${folder}/x.npy`, { data: Float64Array.from(noise), shape: [400, 3000] });
    const { child, finished } = startCli(['lyapunov', `${folder}/x.npy`, '--divergence', 'kantz', '--threads', '1'], {
      NODE_OPTIONS: '--import=data:text/javascript,process.stderr.isTTY=true',
    });
    child.stderr?.once('data', () => child.kill('SIGINT'));
    const hung = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const { code, stderr } = await finished;
    clearTimeout(hung);
    assert.is(code, 130, stderr);
    assert.match(stderr, '\u001b[?25h'); // the cursor is back
  });
});

test('a reader that goes away ends the program quietly; progress that cannot be written ends nothing', async () => {
  const { child, finished } = startCli(['prune', 'iris', '--epochs', '30']);
  child.stderr?.destroy();
  const { code, stdout } = await finished;
  assert.is(code, 0);
  assert.match(stdout, 'verdicts:');
  const piped = startCli(['prune', '--help']);
  piped.child.stdout?.destroy();
  const { code: quiet, stderr } = await piped.finished;
  assert.is(quiet, 0);
  assert.is(stderr, '');
});

if (existsSync('/dev/full')) {
  test('a full disk is a failure in plain words', async () => {
    const { finished } = startCli(['info'], {}, openSync('/dev/full', 'w'));
    const { code, stderr } = await finished;
    assert.is(code, 1);
    assert.match(stderr, /^legcnet: cannot write the output: ENOSPC[^\n]*\n$/);
  });
}

test('lyapunov prints exponents and writes curve and counts', async () => {
  await withTempFolder(async (folder) => {
    const x = new Float64Array(2000);
    x[0] = 0.3;
    for (let i = 1; i < x.length; i++) x[i] = 4 * (x[i - 1] as number) * (1 - (x[i - 1] as number));
    await writeNpy(`${folder}/x.npy`, { data: x, shape: [2000] });
    const args = [
      'lyapunov',
      `${folder}/x.npy`,
      '--fit',
      '0,3',
      '--curve',
      `${folder}/S.npy`,
      '--counts',
      `${folder}/C.npy`,
    ];
    const { code, stdout, stderr } = await runCli(...args, '--json', '--quiet');
    assert.is(code, 0, stderr);
    const [{ exponent, status, fit }] = JSON.parse(stdout);
    assert.is(status, 'ok');
    assert.equal(fit, [0, 3]);
    assert.ok(Math.abs(exponent - Math.LN2) < 0.02, `${exponent}`);
    assert.equal((await readNpy(`${folder}/S.npy`)).shape, [1, 4]);
    assert.equal((await readNpy(`${folder}/C.npy`)).shape, [1, 4]);
    await writeFile(`${folder}/x.csv`, [...x].join('\n'));
    const csv = await runCli('lyapunov', `${folder}/x.csv`, '--fit', '0,3', '--json', '--quiet');
    assert.is(JSON.parse(csv.stdout)[0].exponent, exponent);
    await writeFile(`${folder}/bad.csv`, '1,2,3\n4,five,6\n');
    const bad = await runCli('lyapunov', `${folder}/bad.csv`);
    assert.is(bad.code, 1);
    assert.match(bad.stderr, 'line 2, column 2');
    await writeFile(`${folder}/bad.csv`, '# measured\n1,2,3\n\n4,five,6\n');
    assert.match((await runCli('lyapunov', `${folder}/bad.csv`)).stderr, 'line 4, column 2');
    await writeFile(`${folder}/empty.csv`, '\n');
    const empty = await runCli('lyapunov', `${folder}/empty.csv`);
    assert.is(empty.code, 1);
    assert.match(empty.stderr, 'empty.csv but received "an empty file"');
  });
});

test('granger prints p and verdict, and writes all statistics', async () => {
  await withTempFolder(async (folder) => {
    const n = 120;
    const random = new RandomState(1);
    const noise = random.permutation(10 * n);
    const source = Float64Array.from({ length: n }, (_, i) => (noise[i] as number) / n);
    const target = Float64Array.from(
      { length: n },
      (_, i) => 0.8 * (source[i - 1] ?? 0) + (0.2 * (noise[n + i] as number)) / n,
    );
    await writeNpy(`${folder}/x.npy`, { data: source, shape: [1, n] });
    await writeNpy(`${folder}/y.npy`, { data: target, shape: [n] });
    const args = ['granger', `${folder}/x.npy`, `${folder}/y.npy`, '--max-lag', '3', '--lag-order', 'bic'];
    const { code, stdout, stderr } = await runCli(...args, '--stats', `${folder}/s.npy`);
    assert.is(code, 0, stderr);
    assert.match(stdout, /causal/);
    assert.equal((await readNpy(`${folder}/s.npy`)).shape, [1, 3, 4, 4]);
    const [row] = JSON.parse((await runCli(...args, '--json', '--quiet')).stdout);
    assert.is(row.verdict, 'causal');
    assert.is(row.lagOrder, 1);
    const corrected = [...args.slice(0, -1), 'min-p', '--lag-correction', 'circular-shift', '--shifts', '49'];
    const [turned] = JSON.parse((await runCli(...corrected, '--stationarity', 'adf', '--json', '--quiet')).stdout);
    assert.is(turned.pValue, 1 / 50);
    const prune = await runCli('prune', '--help');
    for (const flag of ['--lag-correction', '--shifts', '--stationarity', 'target-bic'])
      assert.match(prune.stdout, flag);
  });
});

goldenTest(test, 'replay agrees with the published iris runs and exits with 0', async () => {
  const { code, stdout, stderr } = await runCli('replay', golden('training/iris'), '--quiet');
  assert.is(code, 0, stderr);
  assert.is(stdout.match(/ yes /g)?.length, 15);
});

test('info names the binary and the processor', async () => {
  const { stdout } = await runCli('info', '--json');
  const info = JSON.parse(stdout);
  assert.ok(existsSync(info.binary));
  assert.ok(info.variant && info.cpu && info.threads >= 1);
});

test.run();
