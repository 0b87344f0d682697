/** What is no result: how it was done, and what it cannot say. */

export const HEAD = `# Findings

What \`legcnet compare\` shows: does a causal ranking of weights know anything, and which variant of it knows most? Written by
\`npm run findings -- write\` from the summaries in benchmarks/findings/results; the numbers choose the sentences. Do not edit it.`;

export const METHODS = `For each seed a dense network is trained once; every rule watches that same training, and every ticket starts from the same initial
weights and trains for the same number of epochs (preset \`strict\`; on MNIST half its epochs, to take minutes). In the comparison of
rankings all methods prune the same share of each layer (Erdos-Renyi densities), so that they differ in nothing but the order of weights
within layers; \`random\` is a random order. A second comparison leaves every method the densities it is used with. A rule
\`ft(option=value)\` is \`ft\` with that option changed (docs/compare.md); \`preset=paper\` and \`preset=authors\` take series, exponents and
tests from the published text and code, the training from \`strict\`. \`preset=authors\` looks at the test part, as the published code does:
what it gains by that is no merit.

Accuracies are compared by seed. Intervals are Student's t over seeds, for one division of the data: they speak of other initial weights and
orders of samples, not of other data. Among many differences some look significant by chance; verdicts in words hold for a whole family of
them at once (Bonferroni: all causal rankings of a data set against all rivals; all variants against \`ft\`; all rules against a control).
Placebo, power and controls: docs/compare.md.

What came before: a first round with 10 seeds (MNIST 5), some of it under an earlier lag rule (\`bic\`), told nothing apart on the small data
sets, and they were given 20 seeds after that had been seen. In it \`ft(stationarity=none)\` led on cancer and titanic, and on MNIST was better
than random for its whole family of comparisons. Who looks twice finds more: take what only a single interval shows for a question, not for
an answer.`;

/** Where `random-moved` was run. */
export const MOVED = `\`random-moved\` prunes the weights that \`ft\` cannot test first, as \`ft\` does: those that never move, then those with too few exponents; it
orders them, and the rest, as \`random\` does. It came in, and MNIST was given 12 seeds, after a round with 5 in which causal rankings led
\`random\` on MNIST: what they know of causes could not be told there from what they know of which weights move.`;

export const LIMITS = `## What this does not say

Small networks, one division of each data set, plain SGD at fixed rates. One option was changed at a time: combinations may do better. The score
is ln(a/b), so that a statistic changes verdicts and p-values, and the ranking only where p chooses the lag. A difference that is not found may
be smaller than so many seeds can show; the intervals say how large it could be.
`;
