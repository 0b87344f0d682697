#include "spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

constexpr size_t kPooledShuffles = 5;
/// From this M on one shuffle has eigenvalues enough.
constexpr size_t kOneShuffleFrom = 100;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

size_t pooled_shuffles(size_t smaller) { return smaller >= kOneShuffleFrom ? 1 : kPooledShuffles; }

/// A matrix while it is worked on.
struct Work {
  std::vector<float> entries;
  size_t rows, columns;
  /// [0] of the matrix, then of the pooled shuffles, then of the single one.
  std::vector<std::vector<double>> eigenvalues;
  size_t smaller() const { return std::min(rows, columns); }
  size_t larger() const { return std::max(rows, columns); }
};

SpectrumStatus status_of(const Work& work) {
  const auto& entries = work.entries;
  if (work.smaller() < kSpectrumLeastSide) return SpectrumStatus::kTooSmall;
  if (!std::all_of(entries.begin(), entries.end(), [](float w) { return std::isfinite(w); })) {
    return SpectrumStatus::kNonFinite;
  }
  const bool zero = std::all_of(entries.begin(), entries.end(), [](float w) { return w == 0; });
  return zero ? SpectrumStatus::kZero : SpectrumStatus::kOk;
}

std::vector<double> decompose(const Work& work, size_t shuffle, uint64_t seed, uint64_t stream,
                              const Control& control) {
  if (shuffle == 0) return squared_singular_values(work.entries.data(), work.rows, work.columns, control);
  std::vector<float> shuffled = work.entries;
  Random random(seed, stream);
  for (size_t i = shuffled.size(); i > 1; --i) {
    if (i % 65536 == 0) control.check();
    std::swap(shuffled[i - 1], shuffled[random.below(i)]);
  }
  return squared_singular_values(shuffled.data(), work.rows, work.columns, control);
}

void fill_norms(Spectrum& spectrum, size_t larger) {
  const auto& lambda = spectrum.eigenvalues;
  spectrum.norm = std::accumulate(lambda.begin(), lambda.end(), 0.0);
  spectrum.log_norm = std::log10(spectrum.norm);
  spectrum.spectral_norm = lambda.back();
  spectrum.log_spectral_norm = std::log10(lambda.back());
  spectrum.stable_rank = spectrum.norm / lambda.back();
  const double least = std::sqrt(lambda.back()) * static_cast<double>(larger) * kEpsilon;
  double entropy = 0;
  for (const double value : lambda) {
    if (std::sqrt(value) > least) ++spectrum.matrix_rank;
    const double p = value / spectrum.norm + 1e-10;
    entropy -= p * std::log(p);
  }
  spectrum.entropy = spectrum.matrix_rank > 1 ? entropy / std::log(static_cast<double>(spectrum.matrix_rank)) : 0;
}

/// Square root of the Jensen-Shannon divergence (natural logarithm) of two lists of equal length, each scaled to sum 1.
double jensen_shannon(const std::vector<double>& a, const std::vector<double>& b) {
  const double sum_a = std::accumulate(a.begin(), a.end(), 0.0), sum_b = std::accumulate(b.begin(), b.end(), 0.0);
  double divergence = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double p = a[i] / sum_a, q = b[i] / sum_b, middle = (p + q) / 2;
    if (p > 0) divergence += p * std::log(p / middle) / 2;
    if (q > 0) divergence += q * std::log(q / middle) / 2;
  }
  return std::sqrt(std::max(0.0, divergence));
}

RandomisedSpectrum randomised(Work& work) {
  RandomisedSpectrum result;
  const auto pooled = work.eigenvalues.begin() + 1, single = work.eigenvalues.end() - 1;
  for (auto list = pooled; list != single; ++list) {
    result.eigenvalues.insert(result.eigenvalues.end(), list->begin(), list->end());
  }
  std::sort(result.eigenvalues.begin(), result.eigenvalues.end());
  result.bulk = fit_marchenko_pastur(result.eigenvalues, work.larger(), work.smaller());
  result.single = std::move(*single);
  const auto& lambda = work.eigenvalues.front();
  result.distance = jensen_shannon(lambda, result.single);
  result.softrank = result.single.back() / lambda.back();
  result.maxdist = lambda.back() - result.single.back();
  return result;
}

void fit(Work& work, const SpectrumOptions& options, const Control& control, Spectrum& spectrum) {
  if (options.randomise) spectrum.randomised = randomised(work);
  spectrum.eigenvalues = std::move(work.eigenvalues.front());
  fill_norms(spectrum, work.larger());
  spectrum.power_law = fit_power_law(spectrum.eigenvalues, options.fix_fingers, control);
  spectrum.bulk = fit_marchenko_pastur(spectrum.eigenvalues, work.larger(), work.smaller());
}

}  // namespace

std::vector<Spectrum> spectrum(const std::vector<MatrixView>& matrices, const SpectrumOptions& options,
                               Control& control) {
  std::vector<Spectrum> spectra(matrices.size());
  std::vector<Work> works(matrices.size());
  struct Job {
    size_t matrix, shuffle;
  };
  std::vector<Job> jobs;
  std::vector<size_t> fits;
  for (size_t m = 0; m < matrices.size(); ++m) {
    control.check();
    const auto& [data, rows, columns] = matrices[m];
    Work& work = works[m];
    work.rows = rows;
    work.columns = columns;
    work.entries.resize(rows * columns);
    std::transform(data, data + rows * columns, work.entries.begin(), [](double w) { return static_cast<float>(w); });
    spectra[m].status = status_of(work);
    if (spectra[m].status != SpectrumStatus::kOk) continue;
    const size_t shuffles = options.randomise ? pooled_shuffles(work.smaller()) + 1 : 0;
    work.eigenvalues.resize(1 + shuffles);
    for (size_t s = 0; s <= shuffles; ++s) jobs.push_back({m, s});
    fits.push_back(m);
  }
  control.total = jobs.size();
  parallel_for(jobs.size(), options.threads, control, [&](size_t j) {
    const auto& [m, shuffle] = jobs[j];
    const uint64_t stream = m * (kPooledShuffles + 2) + shuffle;
    works[m].eigenvalues[shuffle] = decompose(works[m], shuffle, options.seed, stream, control);
    ++control.done;
  });
  parallel_for(fits.size(), options.threads, control, [&](size_t f) {
    const size_t m = fits[f];
    fit(works[m], options, control, spectra[m]);
  });
  return spectra;
}

}  // namespace legcnet
