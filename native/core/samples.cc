#include "samples.h"

#include <algorithm>

namespace legcnet {

template <typename T>
template <typename S>
void Samples<T>::append(const S* inputs, const double* targets, size_t count, double factor) {
  const size_t entries = count * columns_;
  if (rows_ == 0) {
    const size_t zeros = static_cast<size_t>(std::count(inputs, inputs + entries, S(0)));
    sparse_ = static_cast<double>(entries - zeros) < kSparseBelow * static_cast<double>(entries);
  }
  if (sparse_) {
    for (size_t row = 0; row < count; ++row) {
      for (size_t c = 0; c < columns_; ++c) {
        const S x = inputs[row * columns_ + c];
        if (x == S(0)) continue;
        column_.push_back(static_cast<uint32_t>(c));
        value_.push_back(static_cast<T>(static_cast<double>(x) * factor));
      }
      starts_.push_back(column_.size());
    }
  } else {
    dense_.reserve(dense_.size() + entries);
    for (size_t i = 0; i < entries; ++i) dense_.push_back(static_cast<T>(static_cast<double>(inputs[i]) * factor));
  }
  targets_.insert(targets_.end(), targets, targets + count * outputs_);
  rows_ += count;
}

template <typename T>
size_t Samples<T>::label(size_t row) const {
  const T* y = target(row);
  if (outputs_ == 1) return y[0] > T(0.5) ? 1 : 0;
  return static_cast<size_t>(std::max_element(y, y + outputs_) - y);
}

template class Samples<float>;
template class Samples<double>;
template void Samples<float>::append(const uint8_t*, const double*, size_t, double);
template void Samples<float>::append(const float*, const double*, size_t, double);
template void Samples<float>::append(const double*, const double*, size_t, double);
template void Samples<double>::append(const uint8_t*, const double*, size_t, double);
template void Samples<double>::append(const float*, const double*, size_t, double);
template void Samples<double>::append(const double*, const double*, size_t, double);

}  // namespace legcnet
