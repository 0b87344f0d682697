#include "input_groups.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "samples.h"

namespace legcnet {
namespace {

constexpr size_t kMostColumns = size_t{1} << 16;
/// How many samples are looked at for each that joins a group.
constexpr size_t kCandidates = 128;

/// Which columns of a sample are not zero; columns that are kWords * 64 apart share a bit.
constexpr size_t kWords = 16;
using Signature = std::array<uint64_t, kWords>;

/// At most eight codes as one number.
uint64_t eight_at(const uint8_t* codes, size_t count) {
  uint64_t eight = 0;
  std::memcpy(&eight, codes, std::min<size_t>(8, count));
  return eight;
}

/// A bit for each of eight bytes that is not zero.
uint64_t nonzero_bytes(uint64_t eight) {
  constexpr uint64_t low = 0x7f7f7f7f7f7f7f7f;
  const uint64_t highest = (((eight & low) + low) | eight) & ~low;
  return (highest >> 7) * 0x0102040810204080 >> 56;
}

std::vector<Signature> signatures(const uint8_t* codes, size_t rows, size_t columns) {
  std::vector<Signature> result(rows, Signature{});
  for (size_t row = 0; row < rows; ++row, codes += columns) {
    for (size_t first = 0; first < columns; first += 64) {
      uint64_t word = 0;
      for (size_t c = first; c < std::min(columns, first + 64); c += 8) {
        word |= nonzero_bytes(eight_at(codes + c, columns - c)) << (c - first);
      }
      result[row][first / 64 % kWords] |= word;
    }
  }
  return result;
}

/// The place in `rows` of the sample that differs least from `joined`.
size_t most_similar(const std::vector<Signature>& signatures, const std::vector<uint16_t>& rows,
                    const Signature& joined) {
  size_t best = 0;
  int least = INT32_MAX;
  for (size_t i = 0; i < std::min(kCandidates, rows.size()); ++i) {
    const Signature& signature = signatures[rows[i]];
    int differing = 0;
    for (size_t w = 0; w < kWords; ++w) differing += __builtin_popcountll(signature[w] ^ joined[w]);
    if (differing < least) {
      least = differing;
      best = i;
    }
  }
  return best;
}

/// Groups of one class, each begun by some sample and joined by those most like it; what is left over, of all classes,
/// comes at the end. [groups][kGroup], kRows where there is none.
std::vector<uint16_t> grouped(std::vector<std::vector<uint16_t>>& classes, const std::vector<Signature>& signatures) {
  std::vector<uint16_t> order, left;
  for (auto& rows : classes) {
    while (rows.size() >= InputGroups::kGroup) {
      Signature joined{};
      size_t next = 0;
      for (size_t member = 0; member < InputGroups::kGroup; ++member) {
        if (member > 0) next = most_similar(signatures, rows, joined);
        order.push_back(rows[next]);
        for (size_t w = 0; w < kWords; ++w) joined[w] |= signatures[rows[next]][w];
        rows[next] = rows.back();
        rows.pop_back();
      }
    }
    left.insert(left.end(), rows.begin(), rows.end());
  }
  order.insert(order.end(), left.begin(), left.end());
  while (order.size() % InputGroups::kGroup > 0) order.push_back(InputGroups::kRows);
  return order;
}

/// Appends the lists of all groups of `block.rows`. codes [rows of the block][columns].
void append_lists(const uint8_t* codes, size_t columns, InputGroups::Block& block) {
  constexpr size_t kGroup = InputGroups::kGroup;
  const std::vector<uint8_t> zeros(columns, 0);
  std::vector<uint16_t> column(columns);
  std::vector<uint8_t> code(columns * kGroup);
  for (size_t g = 0; g < block.rows.size(); g += kGroup) {
    const uint8_t* row[kGroup];
    for (size_t s = 0; s < kGroup; ++s) {
      const size_t at = block.rows[g + s];
      row[s] = at == InputGroups::kRows ? zeros.data() : codes + at * columns;
    }
    size_t entries = 0;
    for (size_t first = 0; first < columns; first += 8) {
      uint64_t any = 0;
      for (size_t s = 0; s < kGroup; ++s) any |= eight_at(row[s] + first, columns - first);
      if (any == 0) continue;
      for (size_t c = first; c < std::min(columns, first + 8); ++c) {  // always write, advance if it counts
        column[entries] = static_cast<uint16_t>(c);
        for (size_t s = 0; s < kGroup; ++s) code[entries * kGroup + s] = row[s][c];
        entries += (row[0][c] | row[1][c] | row[2][c] | row[3][c]) != 0 ? 1 : 0;
      }
    }
    block.column.insert(block.column.end(), column.begin(), column.begin() + static_cast<ptrdiff_t>(entries));
    block.code.insert(block.code.end(), code.begin(), code.begin() + static_cast<ptrdiff_t>(entries * kGroup));
    block.ends.push_back(static_cast<uint32_t>(block.column.size()));
  }
}

/// Numbers as places in the table of those that occur, 0 first; false if there are too many.
template <typename T>
bool encode(const T* inputs, size_t count, std::vector<uint8_t>& codes, std::vector<double>& values) {
  constexpr size_t kSlots = 1024, kMostValues = 256;
  std::array<uint16_t, kSlots> slots{};  // place in `values`; 0: free
  values.assign(1, 0.0);
  codes.resize(count);
  for (size_t i = 0; i < count; ++i) {
    codes[i] = 0;
    if (inputs[i] == T(0)) continue;
    const double value = static_cast<double>(inputs[i]);
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    size_t slot = bits * 0x9e3779b97f4a7c15u >> 54;
    while (slots[slot] != 0 && values[slots[slot]] != value) slot = (slot + 1) % kSlots;
    if (slots[slot] == 0) {
      if (values.size() == kMostValues) return false;
      slots[slot] = static_cast<uint16_t>(values.size());
      values.push_back(value);
    }
    codes[i] = static_cast<uint8_t>(slots[slot]);
  }
  return true;
}

template <typename T>
bool make_lists(const Samples<T>& samples, size_t first, size_t rows, InputGroups::Block& block) {
  const size_t columns = samples.columns();
  if (columns > kMostColumns) return false;  // beyond a uint16_t
  std::vector<uint8_t> encoded;
  if (!samples.has_bytes() && !encode(samples.values(first), rows * columns, encoded, block.values)) return false;
  const uint8_t* codes = samples.has_bytes() ? samples.bytes(first) : encoded.data();
  std::vector<std::vector<uint16_t>> classes(std::max<size_t>(2, samples.outputs()));
  for (size_t row = 0; row < rows; ++row) classes[samples.label(first + row)].push_back(static_cast<uint16_t>(row));
  block.rows = grouped(classes, signatures(codes, rows, columns));
  append_lists(codes, columns, block);
  return true;
}

}  // namespace

size_t InputGroups::Block::bytes() const {
  return rows.capacity() * sizeof rows[0] + ends.capacity() * sizeof ends[0] + column.capacity() * sizeof column[0] +
         code.capacity() + values.capacity() * sizeof values[0];
}

template <typename T>
const InputGroups::Block* InputGroups::block(const Samples<T>& samples, size_t block) {
  std::call_once(sized_, [&] { places_ = std::vector<Place>((samples.rows() + kRows - 1) / kRows); });
  Place& place = places_[block];
  State state = place.state.load(std::memory_order_acquire);
  if (state == State::kept) return &place.lists;
  if (state != State::none || !place.state.compare_exchange_strong(state, State::in_making)) return nullptr;
  state = State::refused;
  try {
    const size_t first = block * kRows;
    Block lists;
    if (bytes_ < most_bytes_ && make_lists(samples, first, std::min(kRows, samples.rows() - first), lists)) {
      Block exact(lists);  // a copy has no room to spare
      if (bytes_.fetch_add(exact.bytes()) + exact.bytes() <= most_bytes_) {
        place.lists = std::move(exact);
        state = State::kept;
      }
    }
  } catch (const std::bad_alloc&) {  // evaluations do without
  }
  place.state.store(state, std::memory_order_release);
  return state == State::kept ? &place.lists : nullptr;
}

template const InputGroups::Block* InputGroups::block(const Samples<float>&, size_t);
template const InputGroups::Block* InputGroups::block(const Samples<double>&, size_t);

}  // namespace legcnet
