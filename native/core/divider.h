// Many divisions by the same number.
#pragma once
#include <limits>

#include "simd.h"

namespace legcnet {

/// a / by in every lane, `by` finite and above 0. Quotients as a division rounds them, at a quarter of its cost where
/// multiply-adds are fused. With the reciprocal rounded correctly, the first correction gives one of the two numbers
/// next to the quotient, and the second the nearer of them: P. Markstein, "Computation of elementary functions on the
/// IBM RISC System/6000 processor", 1990.
template <typename T>
class Divider {
  using V = Vec<T>;

 public:
  explicit Divider(V by) : by_(by), reciprocal_(T(1) / by) {
    static_assert(std::numeric_limits<T>::is_iec559, "correctly rounded arithmetic");
    for (size_t l = 0; l < kLanes<T>; ++l) exact_ &= by[l] >= kLeast && by[l] <= 1 / kLeast;
  }

  /// a / by, 0 <= a <= by.
  V operator()(V a) {
    small_ |= (a < broadcast(kLeast)) & (a > V{});
    V q = a * reciprocal_;
    q = mul_add(mul_add(-q, by_, a), reciprocal_, q);
    return mul_add(mul_add(-q, by_, a), reciprocal_, q);
  }

  /// Whether all that was returned so far is what a division gives: not without fused multiply-adds, nor where a
  /// remainder may have been too small for a normal number.
  bool exact() const {
    bool exact = exact_;
    for (size_t l = 0; l < kLanes<T>; ++l) exact &= small_[l] == 0;
    return exact;
  }

 private:
  static constexpr T kLeast = sizeof(T) == 8 ? T(0x1p-900) : T(0x1p-90);
  V by_, reciprocal_;
  typename VectorOf<T>::Bits small_{};
  bool exact_ = kFused;
};

}  // namespace legcnet
