// Eigen's matrix products at the shapes of training 784-50-30-10 with batch 128, and beside them the plainest loops that
// a compiler can put into vector lanes. Prints one line of JSON: operations per second. Built by limits.ts.
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using Clock = std::chrono::steady_clock;

/// The best of several repetitions: seconds a call.
template <typename Work>
double best_seconds(const Work& work) {
  double best = 1e9;
  for (int repeat = 0; repeat < 15; ++repeat) {
    int calls = 0;
    const auto start = Clock::now();
    std::chrono::duration<double> passed{};
    do {
      work();
      ++calls;
      passed = Clock::now() - start;
    } while (passed.count() < 2e-3);
    best = std::min(best, passed.count() / calls);
  }
  return best;
}

template <typename T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// c [m, n] = a [m, k] b [k, n]: rows of b are added up, four at a time.
template <typename T>
void by_loops(const Matrix<T>& a, const Matrix<T>& b, Matrix<T>& c) {
  const Eigen::Index m = c.rows(), n = c.cols(), k = a.cols();
  for (Eigen::Index i = 0; i < m; ++i) {
    T* __restrict to = c.data() + i * n;
    std::fill(to, to + n, T(0));
    Eigen::Index p = 0;
    for (; p + 4 <= k; p += 4) {
      const T* x = a.data() + i * k + p;
      const T* __restrict row = b.data() + p * n;
      for (Eigen::Index j = 0; j < n; ++j) {
        to[j] += (x[0] * row[j] + x[1] * row[n + j]) + (x[2] * row[2 * n + j] + x[3] * row[3 * n + j]);
      }
    }
    for (; p < k; ++p) {
      for (Eigen::Index j = 0; j < n; ++j) to[j] += a(i, p) * b(p, j);
    }
  }
}

bool first = true;

/// c [m, n] = a [m, k] b [k, n]; `transposed`: a is stored [k, m], as inputs are in a weight gradient.
template <typename T>
void row(const char* name, const char* scalar, int m, int k, int n, bool transposed) {
  const Matrix<T> b = Matrix<T>::Random(k, n);
  const Matrix<T> a = transposed ? Matrix<T>::Random(k, m) : Matrix<T>::Random(m, k);
  Matrix<T> c(m, n), straight(m, k), d(m, n);
  const double flops = 2.0 * m * k * n;
  const double eigen = best_seconds([&] {
    if (transposed) {
      c.noalias() = a.transpose() * b;
    } else {
      c.noalias() = a * b;
    }
  });
  const double loops = best_seconds([&] {
    if (transposed) {
      straight = a.transpose();
      by_loops(straight, b, d);
    } else {
      by_loops(a, b, d);
    }
  });
  if ((c - d).cwiseAbs().maxCoeff() > 1e-3) std::exit(1);
  std::printf("%s{\"name\":\"%s\",\"shape\":[%d,%d,%d],\"scalar\":\"%s\",\"eigen\":%.4g,\"loops\":%.4g}",
              first ? "[" : ",", name, m, k, n, scalar, flops / eigen, flops / loops);
  first = false;
}

template <typename T>
void table(const char* scalar) {
  row<T>("layer 1", scalar, 128, 784, 50, false);
  row<T>("layer 2", scalar, 128, 50, 30, false);
  row<T>("layer 3", scalar, 128, 30, 10, false);
  row<T>("layer 1, batch 1", scalar, 1, 784, 50, false);
  row<T>("gradient of layer 1", scalar, 784, 128, 50, true);
  row<T>("gradient of layer 2", scalar, 50, 128, 30, true);
  row<T>("gradient of layer 3", scalar, 30, 128, 10, true);
  row<T>("large, for comparison", scalar, 512, 512, 512, false);
}

}  // namespace

int main() {
  table<float>("float32");
  table<double>("float64");
  std::printf("]\n");
}
