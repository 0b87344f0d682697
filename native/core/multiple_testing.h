// Correction of p-values for the number of tests.
#pragma once
#include <cstddef>
#include <cstdint>

#include "control.h"

namespace legcnet {

enum class Correction : uint8_t {
  kNone,
  kBenjaminiHochberg,  ///< Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57 (1995)
  kBenjaminiYekutieli  ///< Y. Benjamini, D. Yekutieli, Ann. Stat. 29 (2001): the above times 1 + 1/2 + ... + 1/m
};

/// In place: of the m values that are not NaN the k-th smallest becomes the least of p_(j) m / j over j >= k, at
/// most 1. O(m log m). Throws Cancelled.
void adjust_p_values(double* p, size_t count, Correction correction, const Control& control);

}  // namespace legcnet
