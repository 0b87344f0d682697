import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scoreWeights } from '../../lib/mask/criteria.js';
import { type RoundStart, lotteryTicket, pruneInRounds, roundTrainer, roundsFor } from '../../lib/mask/rounds.js';
import { keptAt } from '../../lib/mask/select.js';
import { Mlp } from '../../lib/network/mlp.js';
import { trainRecord } from '../../lib/network/train.js';
import { assertLegcnetError } from '../helpers/throws.js';
import { problemOf, stream } from './networks.js';

const kept = (mask: Uint8Array): number => mask.reduce((sum, bit) => sum + bit, 0);

test('rounds: the same fraction every time, exact at the end, nothing comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 4 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('global', 'per-layer', 'erdos-renyi'),
      fc.integer({ min: 1, max: 1e6 }),
      async (sizes, sparsity, rounds, density, seed) => {
        const { layers, weights } = await Mlp.random(sizes);
        const random = stream(seed);
        const masks: Uint8Array[] = [];
        const last = await pruneInRounds(layers, { sparsity, rounds, density }, (mask) => {
          masks.push(mask);
          return Float64Array.from({ length: weights }, () => (random() < 0.2 ? -Infinity : Math.round(9 * random())));
        });
        assert.is(masks.length, rounds);
        masks.push(last);
        masks.forEach((mask, k) => {
          const expected =
            k === rounds ? keptAt(weights, sparsity) : Math.round(weights * (1 - sparsity) ** (k / rounds));
          assert.is(kept(mask), expected);
          if (k > 0) assert.ok(mask.every((bit, i) => bit <= (masks[k - 1]?.[i] as number)));
        });
      },
    ),
  );
});

test('one round is one shot; equal scores go by the seed', async () => {
  const { layers, weights } = await Mlp.random([4, 3, 2]);
  const scores = Float64Array.from({ length: weights }, (_, i) => i);
  const mask = await pruneInRounds(layers, { sparsity: 0.5 }, () => scores);
  assert.equal([...mask], [...Array(9).fill(0), ...Array(9).fill(1)]);
  const ties = (seed: number) => pruneInRounds(layers, { sparsity: 0.5, seed }, () => new Float64Array(weights));
  assert.equal(await ties(1), await ties(1));
  assert.is.not((await ties(1)).join(), (await ties(2)).join());
  assert.is(roundsFor(0.488, 0.2), 3);
  assert.is(roundsFor(0.1, 0.2), 1);
});

test('criteria score again what a round has left', async () => {
  const { network, samples } = await problemOf({
    seed: 3,
    hidden: [20, 20],
    columns: 9,
    outputs: 3,
    rows: 30,
    zeros: 0,
  });
  const rounds = (count: number) =>
    pruneInRounds(network.layers, { sparsity: 0.9, rounds: count }, (mask) =>
      scoreWeights('snip', { network, samples, mask }),
    );
  const [once, often] = [await rounds(1), await rounds(20)];
  assert.is(kept(once), kept(often));
  assert.is.not(once.join(), often.join());
});

test('a lottery by hand: train, prune the smallest, back to the beginning', async () => {
  const network = await Mlp.random([2, 2, 1], { seed: 1, biases: false });
  const starts: RoundStart[] = [];
  const trained = [
    [6, 1, 5, 4, 3, 2],
    [-6, 9, 1, -4, 3, 2],
  ];
  const ticket = await lotteryTicket(
    network,
    async (start) => {
      starts.push(start);
      return { parameters: Float64Array.from(trained[start.round] as number[]) };
    },
    { sparsity: 0.5, rounds: 2 },
  );
  // 6 -> 4.24 -> 3: two go first (1 and 2), then one of the rest: the third, whose weight is 1 by now
  assert.equal(
    starts.map(({ round, epoch, mask }) => [round, epoch, mask.join('')]),
    [
      [0, 0, '111111'],
      [1, 0, '101110'],
    ],
  );
  assert.equal([ticket.round, ticket.epoch, ticket.mask.join('')], [2, 0, '100110']);
  const masked = (mask: Uint8Array) => network.parameters.map((w, i) => (mask[i] === 0 ? 0 : w));
  assert.equal(starts[1]?.parameters, masked(starts[1]?.mask as Uint8Array));
  assert.equal(ticket.parameters, masked(ticket.mask));
});

test('rewinding to an epoch: each round goes on from the dense network of that time', async () => {
  const { network, samples } = await problemOf({ seed: 3, hidden: [6], columns: 5, outputs: 3, rows: 31, zeros: 0 });
  const parts = { train: samples };
  const options = { learningRate: 0.5, epochs: 6, batchSize: 4, seed: 9 };
  for (const rewind of [0, 2]) {
    const train = roundTrainer(network, parts, options, rewind);
    const seen: RoundStart[] = [];
    const results: Float64Array[] = [];
    const ticket = await lotteryTicket(
      network,
      async (start) => {
        seen.push(start);
        const result = await train(start);
        results.push(result.parameters);
        return result;
      },
      { sparsity: 0.6, rounds: 3, rewind },
    );
    assert.is(ticket.epoch, rewind);
    assert.equal(results[0], (await trainRecord(network, parts, options)).parameters);
    const early =
      rewind === 0
        ? network.parameters
        : (await trainRecord(network, parts, { ...options, epochs: rewind })).parameters;
    for (const { mask, parameters, round } of [...seen.slice(1), ticket]) {
      assert.equal(
        parameters,
        early.map((w, i) => (mask[i] === 0 ? 0 : w)),
        `round ${round}`,
      );
    }
    results.slice(1).forEach((parameters, k) => {
      (seen[k + 1] as RoundStart).mask.forEach((bit, i) => assert.ok(bit === 1 || parameters[i] === 0));
    });
    // a round with nothing pruned is the dense training, continued from the epoch
    const again = await train({
      ...(seen[1] as RoundStart),
      parameters: early,
      mask: new Uint8Array(network.weights).fill(1),
    });
    assert.equal(again.parameters, results[0]);
    const final = await train(ticket);
    assert.is(
      kept(Uint8Array.from(final.parameters.slice(0, network.weights), (w) => (w === 0 ? 0 : 1))),
      kept(ticket.mask),
    );
  }
});

test('the same ticket every time; what does not fit is refused', async () => {
  const { network, samples } = await problemOf({ seed: 3, hidden: [6], columns: 5, outputs: 3, rows: 31, zeros: 0 });
  const parts = { train: samples };
  const options = { learningRate: 0.5, epochs: 4, batchSize: 4 };
  const ticket = (threads: number) =>
    lotteryTicket(network, roundTrainer(network, parts, { ...options, threads }), { sparsity: 0.7, rounds: 2 });
  assert.equal(await ticket(1), await ticket(2));
  const run = (rewind: number, more: object = {}) =>
    lotteryTicket(network, roundTrainer(network, parts, { ...options, ...more }, rewind), {
      ...{ sparsity: 0.7, rounds: 2, rewind },
    });
  await assertLegcnetError(() => run(4), 'ERR_OPTION', /rewind/);
  await assertLegcnetError(() => run(2, { untilAccuracy: 0.01 }), 'ERR_OPTION', /rewind/);
  const train = roundTrainer(network, parts, options, 2);
  const start = { round: 1, epoch: 2, parameters: network.parameters, mask: new Uint8Array(network.weights) };
  await assertLegcnetError(() => train(start), 'ERR_ARGUMENT', /round 0 first/);
  const never = async () => ({ parameters: network.parameters });
  await assertLegcnetError(
    () => lotteryTicket(network, never, { sparsity: 0.5, rewind: 1 }),
    'ERR_ARGUMENT',
    /rewindTo/,
  );
  await assertLegcnetError(() => lotteryTicket(network, never, { sparsity: 1 }), 'ERR_OPTION', /sparsity/);
  await assertLegcnetError(() => lotteryTicket(network, never, { sparsity: 0.5, rounds: 0 }), 'ERR_OPTION', /rounds/);
  const nan = () => new Float64Array(network.weights).fill(Number.NaN);
  await assertLegcnetError(() => pruneInRounds(network.layers, { sparsity: 0.5 }, nan), 'ERR_ARGUMENT', /scores/);
  const short = () => new Float64Array(3);
  await assertLegcnetError(() => pruneInRounds(network.layers, { sparsity: 0.5 }, short), 'ERR_ARGUMENT', /scores/);
});

test.run();
