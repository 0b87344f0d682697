#include "samples.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace legcnet {

template <typename T>
template <typename U>
std::array<U, 256> Samples<T>::byte_values() const {
  std::array<U, 256> values;
  for (size_t byte = 0; byte < values.size(); ++byte) {
    values[byte] = static_cast<U>(static_cast<double>(byte) * factor_);
  }
  return values;
}

template <typename T>
void Samples<T>::bytes_to_values() {
  const auto value_of = byte_values<T>();
  values_.reserve(std::max(bytes_.size(), expected_rows_ * columns_));
  for (const uint8_t byte : bytes_) values_.push_back(value_of[byte]);
  std::vector<uint8_t>().swap(bytes_);
}

template <typename T>
template <typename S>
void Samples<T>::append(const S* inputs, const double* targets, size_t count, double factor) {
  const size_t entries = count * columns_;
  groups_ = std::make_unique<InputGroups>();
  if (rows() == 0) {
    const size_t zeros = static_cast<size_t>(std::count(inputs, inputs + entries, S(0)));
    sparse_ = static_cast<double>(entries - zeros) < kSparseBelow * static_cast<double>(entries);
    factor_ = factor;
    targets_.reserve(expected_rows_ * outputs_);
    labels_.reserve(expected_rows_);
    if (std::is_same_v<S, uint8_t>) {
      bytes_.reserve(expected_rows_ * columns_);
    } else {
      values_.reserve(expected_rows_ * columns_);
    }
  }
  if (std::is_same_v<S, uint8_t> && has_bytes() && factor == factor_) {
    bytes_.insert(bytes_.end(), inputs, inputs + entries);
  } else {
    if (has_bytes()) bytes_to_values();
    for (size_t i = 0; i < entries; ++i) values_.push_back(static_cast<T>(static_cast<double>(inputs[i]) * factor));
  }
  targets_.insert(targets_.end(), targets, targets + count * outputs_);
  for (size_t row = rows(), end = row + count; row < end; ++row) {
    const T* y = target(row);
    const bool one = outputs_ == 1;
    one_hot_ &= !one && std::count(y, y + outputs_, T(0)) + 1 == static_cast<ptrdiff_t>(outputs_) &&
                *std::max_element(y, y + outputs_) == T(1);
    labels_.push_back(one ? (y[0] > T(0.5) ? 1 : 0) : static_cast<uint32_t>(std::max_element(y, y + outputs_) - y));
  }
}

template <typename T>
void Samples<T>::by_class(const uint32_t* rows, size_t count, std::vector<uint32_t>& sorted) const {
  std::vector<size_t> starts(std::max<size_t>(2, outputs_) + 1);
  for (size_t s = 0; s < count; ++s) ++starts[label(rows[s]) + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  sorted.resize(count);
  for (size_t s = 0; s < count; ++s) sorted[starts[label(rows[s])]++] = rows[s];
}

template class Samples<float>;
template class Samples<double>;
template std::array<float, 256> Samples<float>::byte_values() const;
template std::array<float, 256> Samples<double>::byte_values() const;
template std::array<double, 256> Samples<float>::byte_values() const;
template std::array<double, 256> Samples<double>::byte_values() const;
template void Samples<float>::append(const uint8_t*, const double*, size_t, double);
template void Samples<float>::append(const float*, const double*, size_t, double);
template void Samples<float>::append(const double*, const double*, size_t, double);
template void Samples<double>::append(const uint8_t*, const double*, size_t, double);
template void Samples<double>::append(const float*, const double*, size_t, double);
template void Samples<double>::append(const double*, const double*, size_t, double);

}  // namespace legcnet
