// What one and two cores can do at best: multiply-adds per second from registers, bytes per second read from each level
// of the memory. Prints one line of JSON. Built by limits.ts with -O3 -march=native.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// As wide as the processor's registers; the compiler's own vectors need no intrinsics.
#if defined(__AVX512F__)
constexpr size_t kBytes = 64;
#elif defined(__AVX__)
constexpr size_t kBytes = 32;
#else
constexpr size_t kBytes = 16;
#endif
template <typename T>
struct Vector {
  typedef T type __attribute__((vector_size(kBytes)));
};

/// Keeps a value without using it.
template <typename T>
void keep(T& value) {
  asm volatile("" : "+m"(value));
}

/// Enough independent chains to hide the latency of a multiply-add, few enough to stay in registers.
constexpr size_t kChains = 12;

template <typename T>
double flops_of_a_thread() {
  using V = typename Vector<T>::type;
  V sums[kChains];
  for (size_t c = 0; c < kChains; ++c) sums[c] = V{} + static_cast<T>(c);
  V factor = V{} + static_cast<T>(0.999);
  V summand = V{} + static_cast<T>(0.001);
  keep(factor);
  keep(summand);
  constexpr size_t kRounds = 20'000'000;
  const auto start = Clock::now();
  for (size_t r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
    for (size_t c = 0; c < kChains; ++c) sums[c] = sums[c] * factor + summand;
  }
  for (V& sum : sums) keep(sum);
  return 2.0 * kRounds * kChains * (kBytes / sizeof(T)) / seconds_since(start);
}

double bytes_of_a_thread(size_t bytes) {
  using V = Vector<double>::type;
  const size_t count = bytes / sizeof(V);
  std::vector<double> memory(count * sizeof(V) / sizeof(double) + sizeof(V), 1.0);
  const size_t misaligned = reinterpret_cast<size_t>(memory.data()) % sizeof(V) / sizeof(double);
  const V* data = reinterpret_cast<const V*>(memory.data() + (misaligned ? sizeof(V) / sizeof(double) - misaligned : 0));
  const size_t rounds = std::max<size_t>(3, (size_t{4} << 30) / bytes);
  V sums[8] = {};
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto start = Clock::now();
    for (size_t r = 0; r < rounds / 3 + 1; ++r) {
      for (size_t i = 0; i + 8 <= count; i += 8) {
#pragma GCC unroll 8
        for (size_t k = 0; k < 8; ++k) sums[k] += data[i + k];
      }
      keep(sums[0]);
    }
    best = std::max(best, static_cast<double>(rounds / 3 + 1) * static_cast<double>(bytes) / seconds_since(start));
  }
  for (V& sum : sums) keep(sum);
  return best;
}

/// Sum over threads that run at the same time.
double together(int threads, const std::function<double()>& work) {
  std::vector<double> results(threads);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) running.emplace_back([&, t] { results[t] = work(); });
  double sum = 0;
  for (int t = 0; t < threads; ++t) {
    running[t].join();
    sum += results[t];
  }
  return sum;
}

void print(const char* name, const std::function<double()>& work, bool last = false) {
  std::printf("\"%s\":[%.4g,%.4g]%s", name, together(1, work), together(2, work), last ? "" : ",");
}

}  // namespace

int main() {
  std::printf("{\"vectorBytes\":%zu,", kBytes);
  print("float32", [] { return std::max(flops_of_a_thread<float>(), flops_of_a_thread<float>()); });
  print("float64", [] { return std::max(flops_of_a_thread<double>(), flops_of_a_thread<double>()); });
  print("level1", [] { return bytes_of_a_thread(24 << 10); });
  print("level2", [] { return bytes_of_a_thread(512 << 10); });
  print("memory", [] { return bytes_of_a_thread(512 << 20); }, true);
  std::printf("}\n");
}
