/** Terms of a report in a sentence or two each; captions link here. */
export const GLOSSARY: Readonly<Record<string, { readonly name: string; readonly text: string }>> = {
  dense: { name: 'Dense network', text: 'The network with all its weights, as trained first.' },
  ticket: {
    name: 'Ticket',
    text: 'A mask with the initial weights: the pruned network, trained again from where the dense one began.',
  },
  mask: { name: 'Mask', text: 'One bit a weight: kept, or pruned (held at zero). Biases are always kept.' },
  sparsity: { name: 'Sparsity', text: 'Pruned weights divided by prunable ones. 0 % is dense.' },
  baseline: {
    name: 'Baselines',
    text: 'Tickets with as many weights in each layer as ours: chosen at random, or the largest of the trained network (magnitude).',
  },
  shuffled: {
    name: 'Shuffled mask',
    text: 'The ticket’s mask in another order within each layer. It knows how many weights go where, and nothing else.',
  },
  placebo: {
    name: 'Placebo',
    text: 'The same test with another seed’s exponents, which cannot have caused this network’s errors. A rule that finds as many causes there sees what all trainings have in common.',
  },
  exponent: {
    name: 'Lyapunov exponent',
    text: 'How fast nearby states of a series drift apart, in nats per step, from one window of a weight’s movement. Above 0: they separate. Noise has positive values too.',
  },
  window: { name: 'Window', text: 'A stretch of consecutive training steps; each gives one exponent of every weight.' },
  misclassification: {
    name: 'Misclassification',
    text: '1 − accuracy at the last step of each window: the series that exponents are to predict.',
  },
  granger: {
    name: 'Granger causality',
    text: 'A source Granger-causes a target when the source’s past improves the prediction of the target beyond the target’s own past. It is about prediction, not about mechanism.',
  },
  lag: { name: 'Lag', text: 'How many windows back the prediction looks.' },
  score: {
    name: 'Score',
    text: 'Strength of the causation: ln(a/b), a and b being the squared errors of prediction without and with the source. Higher is kept longer.',
  },
  pvalue: {
    name: 'p-value',
    text: 'How often an effect as strong would appear if there were none. Without any effect, p-values spread evenly from 0 to 1.',
  },
  fdr: {
    name: 'False-discovery cut',
    text: 'Benjamini and Hochberg’s line α k / m: where the k-th smallest of m p-values is still below it, at most a share α of the weights called causal is expected to be so by chance.',
  },
  verdict: {
    name: 'Verdict',
    text: 'Causal, non-causal, undecided (too little data to tell) or static (the weight never moved).',
  },
  power: {
    name: 'Power',
    text: 'The share of causes planted into simulated series that the rule finds. At strength 0 it is the rate of false alarms.',
  },
  interval: {
    name: '95 % interval',
    text: 'A range that contains the true value in 95 of 100 repetitions. For one network’s accuracy: Wilson’s interval, from the number of test rows alone.',
  },
  esd: {
    name: 'Spectrum (ESD)',
    text: 'The eigenvalues of W′W of a layer’s weights W. Noise gives a bulk with sharp edges; what was learnt can stick out of it or form a heavy tail.',
  },
  alpha: {
    name: 'α of the tail',
    text: 'The exponent of a power law fitted to the largest eigenvalues. 2 to 6 is usual for well-trained layers (Martin, Peng, Mahoney 2021).',
  },
  shapley: {
    name: 'Shapley value φ',
    text: 'What a feature adds to the output of one sample, averaged over all orders in which features become known. All φ add up to the output minus its mean.',
  },
  importance: { name: 'Importance', text: 'Mean |φ| over samples, summed over outputs.' },
  seed: {
    name: 'Seed',
    text: 'The number that fixes initial weights and the order of samples. The same seed gives the same bits.',
  },
  f1: { name: 'F1', text: 'Harmonic mean of precision and recall, averaged over classes.' },
};
