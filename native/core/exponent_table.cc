#include "exponent_table.h"

#include <algorithm>

namespace legcnet {
namespace {

/// Copies the first `columns` of each row of [rows, from] to [rows, to]. May be the same array when to <= from.
template <typename In, typename Out>
void copy_columns(const In* in, size_t rows, size_t from, Out* out, size_t to, size_t columns) {
  for (size_t row = 0; row < rows; ++row) {
    std::transform(in + row * from, in + row * from + columns, out + row * to,
                   [](In value) { return static_cast<Out>(value); });
  }
}

}  // namespace

ExponentTable::ExponentTable(size_t weights, size_t expected, bool single) : weights_(weights), room_(expected) {
  if (single) table_ = recent_ = std::vector<float>();
  std::visit([&](auto& table) { table.resize(weights_ * room_); }, table_);
}

void ExponentTable::settle() {
  while (windows_ > room_) grow();
  std::visit(
      [&](auto& table) {
        const auto& recent = std::get<std::decay_t<decltype(table)>>(recent_);
        const size_t count = windows_ - settled_;
        for (size_t w = 0; w < weights_; ++w) {
          for (size_t i = 0; i < count; ++i) table[w * room_ + settled_ + i] = recent[i * weights_ + w];
        }
      },
      table_);
  settled_ = windows_;
}

void ExponentTable::grow() {
  const size_t grown = std::max<size_t>(16, room_ * 2);
  std::visit(
      [&](auto& table) {
        std::decay_t<decltype(table)> larger(weights_ * grown);
        copy_columns(table.data(), weights_, room_, larger.data(), grown, settled_);
        table.swap(larger);
      },
      table_);
  room_ = grown;
}

ExponentTable::Values ExponentTable::first(size_t windows) const {
  return std::visit(
      [&](const auto& table) -> Values {
        std::decay_t<decltype(table)> copy(weights_ * windows);
        copy_columns(table.data(), weights_, room_, copy.data(), windows, std::min(windows, settled_));
        const auto& recent = std::get<std::decay_t<decltype(table)>>(recent_);
        for (size_t i = settled_; i < windows; ++i) {
          for (size_t w = 0; w < weights_; ++w) copy[w * windows + i] = recent[(i - settled_) * weights_ + w];
        }
        return copy;
      },
      table_);
}

ExponentTable::Values ExponentTable::take() {
  settle();
  std::visit(
      [&](auto& table) {
        copy_columns(table.data(), weights_, room_, table.data(), windows_, windows_);
        table.resize(weights_ * windows_);
      },
      table_);
  Values taken = std::move(table_);
  for (Values* const values : {&table_, &recent_}) {
    std::visit([](auto& table) { table.clear(); }, *values);
  }
  windows_ = settled_ = room_ = 0;
  return taken;
}

void ExponentTable::assign(const Values& values, size_t windows) {
  if (windows > room_) {
    room_ = windows;
    std::visit([&](auto& table) { table.resize(weights_ * room_); }, table_);
  }
  windows_ = settled_ = windows;
  std::visit([&](auto& table,
                 const auto& given) { copy_columns(given.data(), weights_, windows, table.data(), room_, windows); },
             table_, values);
}

}  // namespace legcnet
