#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "random.h"
#include "shapley.h"
#include "shapley_coalitions.h"

namespace legcnet {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kPanel = 64;

/// All coalitions that the regression reads and their weights. The first two are the empty and the full one, weight 0.
struct Design {
  Coalitions coalitions;
  std::vector<double> weight;

  Design(size_t features, size_t budget, uint64_t seed) : features_(features) {
    add_none(0);
    std::fill_n(add_none(0), features_, uint8_t(1));
    const bool everything = features_ < 60 && budget >= (size_t(1) << features_) - 2;
    size_t lowest = 1;  // sizes below it, and their complements', are complete
    double choose = static_cast<double>(features_);
    for (; 2 * lowest <= features_; ++lowest) {
      const double wanted = 2 * lowest == features_ ? choose : 2 * choose;
      const double share = everything || lowest == 1 ? 1 : mass(lowest) / mass_from(lowest);
      if (wanted > static_cast<double>(budget) * share) break;
      add_all(lowest);
      budget -= static_cast<size_t>(wanted);
      choose = choose * static_cast<double>(features_ - lowest) / static_cast<double>(lowest + 1);
    }
    if (2 * lowest <= features_) add_random(lowest, budget / 2, seed);
  }

 private:
  /// Weight of all coalitions of a size and of its complement, together.
  double mass(size_t size) const {
    const double m = static_cast<double>(features_), k = static_cast<double>(size);
    return (2 * size == features_ ? 1 : 2) * (m - 1) / (k * (m - k));
  }
  double mass_from(size_t size) const {
    double sum = 0;
    for (size_t k = size; 2 * k <= features_; ++k) sum += mass(k);
    return sum;
  }

  uint8_t* add_none(double w) {
    weight.push_back(w);
    coalitions.member.resize(++coalitions.count * features_, 0);
    return coalitions.member.data() + (coalitions.count - 1) * features_;
  }
  void add(const std::vector<uint32_t>& members, bool complement, double w) {
    uint8_t* member = add_none(w);
    if (complement) std::fill_n(member, features_, uint8_t(1));
    for (const uint32_t j : members) member[j] = !complement;
  }

  /// Every coalition of a size, and every complement.
  void add_all(size_t size) {
    const bool paired = 2 * size != features_;
    std::vector<uint32_t> members(size);
    std::iota(members.begin(), members.end(), 0u);
    const size_t first = coalitions.count;
    for (;;) {
      add(members, false, 1);
      if (paired) add(members, true, 1);
      size_t i = size;
      while (i > 0 && members[i - 1] == features_ - size + i - 1) --i;
      if (i == 0) break;
      ++members[i - 1];
      for (size_t j = i; j < size; ++j) members[j] = members[j - 1] + 1;
    }
    const double each = mass(size) / static_cast<double>(coalitions.count - first);
    std::fill(weight.begin() + static_cast<std::ptrdiff_t>(first), weight.end(), each);
  }

  /// Coalitions of sizes from `lowest` on, by their weight, and their complements.
  void add_random(size_t lowest, size_t pairs, uint64_t seed) {
    if (pairs == 0) return;
    const double total = mass_from(lowest);
    Random random(seed);
    std::vector<uint32_t> order(features_);
    std::iota(order.begin(), order.end(), 0u);
    for (size_t p = 0; p < pairs; ++p) {
      double u = random.uniform() * total;
      size_t size = lowest;
      while (2 * (size + 1) <= features_ && u >= mass(size)) u -= mass(size++);
      for (size_t i = 0; i < size; ++i) std::swap(order[i], order[i + random.below(features_ - i)]);
      const std::vector<uint32_t> members(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(size));
      for (const bool complement : {false, true}) add(members, complement, total / (2 * static_cast<double>(pairs)));
    }
  }

  size_t features_;
};

/// The regression's columns, z_j - z_last for every feature but the last: the constraint has eliminated that one.
MatrixXd regressors(const Coalitions& coalitions, size_t features, const Control& control) {
  const auto rows = static_cast<Index>(coalitions.count), columns = static_cast<Index>(features - 1);
  MatrixXd z(rows, columns);
  for (Index j = 0; j < columns; ++j) {
    control.check();
    for (Index c = 0; c < rows; ++c) {
      const uint8_t* member = coalitions.member.data() + static_cast<size_t>(c) * features;
      z(c, j) = member[j] - member[columns];
    }
  }
  return z;
}

/// Lower Cholesky factor of z' W z, in panels so that it can be stopped.
MatrixXd normal_factor(const MatrixXd& z, const VectorXd& weight, const Control& control) {
  const Index n = z.cols();
  MatrixXd a(n, n);
  for (Index j = 0; j < n; j += kPanel) {
    const Index width = std::min(kPanel, n - j);
    const MatrixXd scaled = weight.asDiagonal() * z.middleCols(j, width);
    for (Index i = j; i < n; i += kPanel) {
      control.check();
      const Index height = std::min(kPanel, n - i);
      a.block(i, j, height, width).noalias() = z.middleCols(i, height).transpose() * scaled;
    }
  }
  for (Index j = 0; j < n; j += kPanel) {
    const Index width = std::min(kPanel, n - j), below = n - j - width;
    const Eigen::LLT<MatrixXd> panel(a.block(j, j, width, width));
    a.block(j, j, width, width) = panel.matrixL();
    if (below == 0) break;
    auto left = a.block(j + width, j, below, width);
    left = panel.matrixL().solve(left.transpose()).transpose();
    for (Index k = j + width; k < n; k += kPanel) {
      control.check();
      const Index strip = std::min(kPanel, n - k);
      a.block(k, k, n - k, strip).noalias() -= a.block(k, j, n - k, width) * a.block(k, j, strip, width).transpose();
    }
  }
  return a;
}

}  // namespace

ShapleyResult kernel_shapley(const ShapleyProblem& problem, size_t coalitions, uint64_t seed, int threads,
                             Control& control) {
  const size_t features = problem.features(), outputs = problem.outputs();
  const Design design(features, coalitions, seed);
  const size_t count = design.coalitions.count;
  MatrixXd z, factor;
  VectorXd weight;
  if (features > 1) {
    weight = Eigen::Map<const VectorXd>(design.weight.data(), static_cast<Index>(count));
    z = regressors(design.coalitions, features, control);
    factor = normal_factor(z, weight, control);
  }

  ShapleyResult result;
  result.values.resize(problem.sample_rows * features * outputs);
  result.outputs.resize(problem.sample_rows * outputs);
  for_coalition_values(problem, design.coalitions, threads, control, [&](size_t first, size_t samples, auto values) {
    for (size_t s = 0; s < samples; ++s) {
      const double* v = values.data() + s * count * outputs;
      for (size_t o = 0; o < outputs; ++o) {
        control.check();
        const double base = v[o], total = v[outputs + o] - base;
        VectorXd phi(static_cast<Index>(features - 1));
        if (features > 1) {
          VectorXd y(static_cast<Index>(count));
          for (Index c = 0; c < y.size(); ++c) {
            const auto row = static_cast<size_t>(c);
            const bool last = design.coalitions.member[row * features + features - 1] != 0;
            y(c) = (v[row * outputs + o] - base - (last ? total : 0)) * weight(c);
          }
          phi = z.transpose() * y;
          factor.triangularView<Eigen::Lower>().solveInPlace(phi);
          factor.triangularView<Eigen::Lower>().transpose().solveInPlace(phi);
        }
        double* out = result.values.data() + (first + s) * features * outputs + o;
        for (Index j = 0; j < phi.size(); ++j) out[static_cast<size_t>(j) * outputs] = phi(j);
        out[(features - 1) * outputs] = total - phi.sum();
        result.outputs[(first + s) * outputs + o] = v[outputs + o];
      }
    }
    if (first == 0) result.base.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(outputs));
  });
  return result;
}

}  // namespace legcnet
