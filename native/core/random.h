// Random numbers that are the same on every platform: the standard's mt19937_64 with distributions of our own.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

namespace legcnet {

class Random {
 public:
  /// Different streams of one seed are independent for all practical purposes.
  explicit Random(uint64_t seed, uint64_t stream = 0);

  /// Uniform in [0, 1), 53 random bits.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  /// Uniform in {0, ..., n - 1}, without bias. n > 0.
  uint64_t below(uint64_t n);
  /// Standard normal (Marsaglia's polar method).
  double normal();

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// A uniformly random order of 0 .. n-1 (Fisher-Yates).
std::vector<uint32_t> permutation(size_t n, uint64_t seed, uint64_t stream);

}  // namespace legcnet
