// The loops of a layer, blocked for registers. Weights are [in][out], rows padded to the vector width; so are
// activations, [samples][out]. Whatever is computed for one sample or one weight does not depend on what is computed
// beside it, so that work may be cut anywhere.
#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "byte_columns.h"
#include "input_batch.h"
#include "input_groups.h"
#include "rows_ahead.h"
#include "simd.h"

namespace legcnet::kernels {

/// Vectors that a block of columns has at most: two samples' worth of sums must fit in the registers (32, or 16).
#if defined(__AVX512F__)
constexpr size_t kWidest = 8;
#else
constexpr size_t kWidest = 4;
#endif

/// Calls body(J, first) for runs of J <= Widest vectors that cover `vectors`; J is a constant of the type.
template <size_t Widest, typename Body>
inline void for_blocks(size_t vectors, Body&& body) {
  size_t first = 0;
  for (; first + Widest <= vectors; first += Widest) body(std::integral_constant<size_t, Widest>(), first);
  if constexpr (Widest > 1) {
    if (first < vectors) {
      for_blocks<Widest - 1>(vectors - first, [&](auto j, size_t rest) { body(j, first + rest); });
    }
  }
}

/// Columns of inputs whose weights are gone through together: about 28 KB of them, which the first-level cache holds.
template <typename T>
size_t chunk_columns(size_t stride) {
  const size_t slice = std::min(stride, kWidest * kLanes<T>) * sizeof(T);
  return std::max<size_t>(16, 28 * 1024 / slice);
}

// ---- dense inputs; row(s) is where sample s has its inputs

template <typename T, size_t S, size_t J, typename Row>
inline void forward_block(const Row& row, size_t sample, size_t in, const T* weight, size_t stride, const T* bias,
                          T* out) {
  const T* input[S];
  Vec<T> sum[S][J];
  for (size_t s = 0; s < S; ++s) {
    input[s] = row(sample + s);
    for (size_t j = 0; j < J; ++j) sum[s][j] = bias ? vec_at(bias + j * kLanes<T>) : Vec<T>{};
  }
  for (size_t k = 0; k < in; ++k) {
    const T* w = weight + k * stride;
    Vec<T> x[S];
    for (size_t s = 0; s < S; ++s) x[s] = broadcast(input[s][k]);
    for (size_t j = 0; j < J; ++j) {
      const Vec<T> row = in_register(vec_at(w + j * kLanes<T>));
      for (size_t s = 0; s < S; ++s) sum[s][j] = mul_add(x[s], row, sum[s][j]);
    }
  }
  for (size_t s = 0; s < S; ++s) {
    for (size_t j = 0; j < J; ++j) vec_at(out + (sample + s) * stride + j * kLanes<T>) = sum[s][j];
  }
}

/// out[s] = bias + row(s) W for samples begin..end-1; no bias: null. out [samples][stride].
template <typename T, typename Row>
void forward_dense(const Row& row, size_t begin, size_t end, size_t in, const T* weight, size_t stride, const T* bias,
                   T* out) {
  for_blocks<kWidest / 2>(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    const T* b = bias ? bias + offset : nullptr;
    size_t s = begin;
    for (; s + 4 <= end; s += 4) forward_block<T, 4, J>(row, s, in, weight + offset, stride, b, out + offset);
    for (; s < end; ++s) forward_block<T, 1, J>(row, s, in, weight + offset, stride, b, out + offset);
  });
}

template <typename T, size_t K, size_t J, typename Row>
inline void update_block(const Row& row, size_t count, const T* delta, T scale, T* weight, size_t stride, size_t k) {
  Vec<T> sum[K][J] = {};
  for (size_t s = 0; s < count; ++s) {
    const T* input = row(s) + k;
    for (size_t j = 0; j < J; ++j) {
      const Vec<T> d = in_register(vec_at(delta + s * stride + j * kLanes<T>));
      for (size_t i = 0; i < K; ++i) sum[i][j] = mul_add(broadcast(input[i]), d, sum[i][j]);
    }
  }
  for (size_t i = 0; i < K; ++i) {
    for (size_t j = 0; j < J; ++j) {
      Vec<T>& w = vec_at(weight + (k + i) * stride + j * kLanes<T>);
      w = mul_add(broadcast(-scale), sum[i][j], w);
    }
  }
}

/// weight[k] -= scale * sum_s row(s)[k] delta[s], for k = begin..end-1.
template <typename T, typename Row>
void update_dense(const Row& row, size_t count, size_t begin, size_t end, const T* delta, T scale, T* weight,
                  size_t stride) {
  for_blocks<kWidest / 2>(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    size_t k = begin;
    for (; k + 4 <= end; k += 4) update_block<T, 4, J>(row, count, delta + offset, scale, weight + offset, stride, k);
    for (; k < end; ++k) update_block<T, 1, J>(row, count, delta + offset, scale, weight + offset, stride, k);
  });
}

// ---- inputs as lists of pairs

template <typename T>
using Pair = typename InputBatch<T>::Pair;

/// How a kernel reads a pair's entries: bytes to be looked up, or columns with values beside them. In locals, since for
/// all the compiler knows a weight that is written could be part of the pair.
template <typename T>
struct ByteEntries {
  const uint32_t* entry;
  const T* byte_values;
  ByteEntries(const InputBatch<T>& batch, const Pair<T>& pair) : entry(pair.entry), byte_values(batch.byte_values()) {}
  size_t column(size_t e) const { return entry[e] >> 16; }
  T value(size_t e, size_t s) const { return byte_values[s == 0 ? entry[e] & 255 : entry[e] >> 8 & 255]; }
};
template <typename T>
struct ValueEntries {
  const uint32_t* entry;
  const T* values[2];
  ValueEntries(const InputBatch<T>&, const Pair<T>& pair) : entry(pair.entry), values{pair.value[0], pair.value[1]} {}
  size_t column(size_t e) const { return entry[e]; }
  T value(size_t e, size_t s) const { return values[s][e]; }
};

/// Calls body(S, Entries) with how many samples the pair has and how its entries are read, as constants of the type.
template <typename T, typename Body>
inline void with_entries(const InputBatch<T>& batch, const Pair<T>& pair, Body&& body) {
  if (batch.bytes()) {
    const ByteEntries<T> entries(batch, pair);
    pair.samples == 2 ? body(std::integral_constant<size_t, 2>(), entries)
                      : body(std::integral_constant<size_t, 1>(), entries);
  } else {
    const ValueEntries<T> entries(batch, pair);
    pair.samples == 2 ? body(std::integral_constant<size_t, 2>(), entries)
                      : body(std::integral_constant<size_t, 1>(), entries);
  }
}

template <typename T, size_t S, size_t J, typename Entries>
inline void forward_pair(const Entries& entries, size_t from, size_t to, const T* weight, size_t stride, const T* start,
                         size_t start_stride, T* out) {
  Vec<T> sum[S][J];
  for (size_t s = 0; s < S; ++s) {
    for (size_t j = 0; j < J; ++j) sum[s][j] = vec_at(start + s * start_stride + j * kLanes<T>);
  }
  for (size_t e = from; e < to; ++e) {
    const T* w = weight + entries.column(e) * stride;
    Vec<T> x[S];
    for (size_t s = 0; s < S; ++s) x[s] = broadcast(entries.value(e, s));
    for (size_t j = 0; j < J; ++j) {
      const Vec<T> row = in_register(vec_at(w + j * kLanes<T>));
      for (size_t s = 0; s < S; ++s) sum[s][j] = mul_add(x[s], row, sum[s][j]);
    }
  }
  for (size_t s = 0; s < S; ++s) {
    for (size_t j = 0; j < J; ++j) vec_at(out + s * stride + j * kLanes<T>) = sum[s][j];
  }
}

/// Weights that the second-level cache delivers faster than the ends of short lists are mispredicted.
constexpr size_t kWholeBytes = size_t{256} << 10;

/// out[s] = bias + x(s) W for the samples of one block, or out[s] += x(s) W without bias (null). out [batch][stride].
template <typename T>
void forward_pairs(const InputBatch<T>& batch, size_t block, const T* weight, size_t stride, const T* bias, T* out) {
  // The lists of the chunks follow one another.
  const size_t joined = batch.listed() * stride * sizeof(T) <= kWholeBytes ? batch.chunks() : 1;
  for_blocks<kWidest>(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    for (size_t c = 0; c < batch.chunks(); c += joined) {
      const bool begins = c == 0 && bias != nullptr;
      for (const auto& pair : batch.pairs(block)) {
        const size_t from = c == 0 ? 0 : pair.chunk_ends[c - 1], to = pair.chunk_ends[c + joined - 1];
        if (from == to && !begins) continue;
        T* sums = out + pair.sample * stride + offset;
        const T* start = begins ? bias + offset : sums;
        with_entries(batch, pair, [&](auto samples, const auto& entries) {
          constexpr size_t S = decltype(samples)::value;
          forward_pair<T, S, J>(entries, from, to, weight + offset, stride, start, begins ? 0 : stride, sums);
        });
      }
    }
  });
}

template <typename T, size_t S, size_t J, typename Entries>
inline void update_pair(const Entries& entries, size_t from, size_t to, const T* delta, T scale, T* weight,
                        size_t stride) {
  Vec<T> change[S][J];
  for (size_t s = 0; s < S; ++s) {
    for (size_t j = 0; j < J; ++j) change[s][j] = -scale * vec_at(delta + s * stride + j * kLanes<T>);
  }
  for (size_t e = from; e < to; ++e) {
    T* w = weight + entries.column(e) * stride;
    Vec<T> x[S];
    for (size_t s = 0; s < S; ++s) x[s] = broadcast(entries.value(e, s));
    for (size_t j = 0; j < J; ++j) {
      Vec<T> row = vec_at(w + j * kLanes<T>);
      for (size_t s = 0; s < S; ++s) row = mul_add(x[s], change[s][j], row);
      vec_at(w + j * kLanes<T>) = row;
    }
  }
}

/// weight -= scale * sum over the batch of x(s) delta[s], in the columns of one chunk. delta [batch][stride].
template <typename T>
void update_pairs(const InputBatch<T>& batch, size_t chunk, const T* delta, T scale, T* weight, size_t stride) {
  for_blocks<kWidest>(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    for (size_t block = 0; block < batch.blocks(); ++block) {
      for (const auto& pair : batch.pairs(block)) {
        const size_t from = chunk == 0 ? 0 : pair.chunk_ends[chunk - 1], to = pair.chunk_ends[chunk];
        if (from == to) continue;
        const T* d = delta + pair.sample * stride + offset;
        with_entries(batch, pair, [&](auto samples, const auto& entries) {
          constexpr size_t S = decltype(samples)::value;
          update_pair<T, S, J>(entries, from, to, d, scale, weight + offset, stride);
        });
      }
    }
  });
}

// ---- inputs as lists of groups

/// Vectors that a block of columns has at most: a group's sums, a row of weights and an input must fit in the
/// registers.
#if defined(__AVX512F__)
constexpr size_t kWidestOfGroup = 4;
#elif defined(__FMA__)
constexpr size_t kWidestOfGroup = 3;
#else
constexpr size_t kWidestOfGroup = 2;
#endif

/// out[s] = bias + x(s) W for the samples of groups begin..end-1 of a block; values[code] is what a code stands for.
/// out [(end - begin) * kGroup][stride].
template <typename T>
void forward_groups(const InputGroups::Block& block, size_t begin, size_t end, const T* values, const T* weight,
                    size_t stride, const T* bias, T* out) {
  constexpr size_t S = InputGroups::kGroup;
  const uint16_t* column = block.column.data();
  const uint8_t* code = block.code.data();
  for_blocks<kWidestOfGroup>(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    for (size_t g = begin; g < end; ++g) {
      Vec<T> sum[S][J];
      for (size_t s = 0; s < S; ++s) {
        for (size_t j = 0; j < J; ++j) sum[s][j] = vec_at(bias + offset + j * kLanes<T>);
      }
      const size_t to = block.ends[g];
      for (size_t e = g == 0 ? 0 : block.ends[g - 1]; e < to; ++e) {
        const T* w = weight + column[e] * stride + offset;
        Vec<T> row[J];
        for (size_t j = 0; j < J; ++j) row[j] = in_register(vec_at(w + j * kLanes<T>));
        for (size_t s = 0; s < S; ++s) {
          const Vec<T> x = broadcast(values[code[e * S + s]]);
          for (size_t j = 0; j < J; ++j) sum[s][j] = mul_add(x, row[j], sum[s][j]);
        }
      }
      T* sums = out + (g - begin) * S * stride + offset;
      for (size_t s = 0; s < S; ++s) {
        for (size_t j = 0; j < J; ++j) vec_at(sums + s * stride + j * kLanes<T>) = sum[s][j];
      }
    }
  });
}

// ---- bytes by column

/// Columns whose rows, J vectors each, are kept in registers together. The more, the less is read of `change`, and the
/// fewer loops end where it cannot be guessed; but the more of their inputs are 0.
template <size_t J>
#if defined(__AVX512F__)
constexpr size_t kColumnsTogether = J <= 4 ? 4 : 2;
#else
constexpr size_t kColumnsTogether = 2;
#endif

template <typename T, size_t C, size_t J>
inline void update_column_block(const uint8_t* const (&bytes)[C], const T* byte_values, const T* change, T* weight,
                                size_t stride) {
  uint64_t samples = nonzero_bytes(bytes);
  if (samples == 0) return;
  Vec<T> row[C][J];
  for (size_t c = 0; c < C; ++c) {
    for (size_t j = 0; j < J; ++j) row[c][j] = vec_at(weight + c * stride + j * kLanes<T>);
  }
  for (; samples != 0; samples &= samples - 1) {
    const auto s = static_cast<size_t>(__builtin_ctzll(samples));
    Vec<T> x[C];
    for (size_t c = 0; c < C; ++c) x[c] = broadcast(byte_values[bytes[c][s]]);
    for (size_t j = 0; j < J; ++j) {
      const Vec<T> d = in_register(vec_at(change + s * stride + j * kLanes<T>));
      for (size_t c = 0; c < C; ++c) row[c][j] = mul_add(x[c], d, row[c][j]);
    }
  }
  for (size_t c = 0; c < C; ++c) {
    for (size_t j = 0; j < J; ++j) vec_at(weight + c * stride + j * kLanes<T>) = row[c][j];
  }
}

/// weight[k] += sum over the batch of x(s)[k] change[s], for the given columns; `weight` is the first one's row. The
/// same sums in the same order as by update_pairs, but rows stay in registers for a whole group of samples, those of
/// several columns together: neighbours are mostly not zero for the same samples. change [batch][stride]. In between it
/// asks for the rows that will be read next.
template <typename T>
void update_columns(const ByteColumns& columns, const T* byte_values, const T* change, T* weight, size_t stride,
                    RowsAhead ahead) {
  const size_t turns = columns.groups() * std::max<size_t>(1, columns.columns() / 2);  // about
  const size_t lines = (ahead.lines() + turns - 1) / turns;
  for_blocks<kWidest>(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value, C = kColumnsTogether<J>;
    for (size_t group = 0; group < columns.groups(); ++group) {
      const T* d = change + group * ByteColumns::kGroup * stride + first * kLanes<T>;
      T* w = weight + first * kLanes<T>;
      size_t k = 0;
      for (; k + C <= columns.columns(); k += C) {
        const uint8_t* bytes[C];
        for (size_t c = 0; c < C; ++c) bytes[c] = columns.column(group, k + c);
        update_column_block<T, C, J>(bytes, byte_values, d, w + k * stride, stride);
        ahead.ask(lines * C / 2);
      }
      for (; k < columns.columns(); ++k) {
        const uint8_t* bytes[] = {columns.column(group, k)};
        update_column_block<T, 1, J>(bytes, byte_values, d, w + k * stride, stride);
      }
    }
  });
}

// ---- backwards

/// out[s][k] = sum_j weight[k][j] delta[s][j], s = begin..end-1: the delta handed to the layer below, before its
/// activation's derivative. out [batch][out_stride], its padding 0.
template <typename T>
void backward_dots(const T* delta, size_t stride, size_t begin, size_t end, const T* weight, size_t in, T* out,
                   size_t out_stride) {
  for (size_t s = begin; s < end; ++s) {
    const T* d = delta + s * stride;
    for (size_t k = 0; k < out_stride; k += kLanes<T>) {
      Vec<T> products[kLanes<T>];
      for (size_t i = 0; i < kLanes<T>; ++i) {
        products[i] = Vec<T>{};
        if (k + i >= in) continue;
        const T* row = weight + (k + i) * stride;
        for (size_t j = 0; j < stride; j += kLanes<T>) {
          products[i] = mul_add(vec_at(row + j), vec_at(d + j), products[i]);
        }
      }
      vec_at(out + s * out_stride + k) = lane_sums<T>(products);
    }
  }
}

/// weight [in][stride], of which `outputs` columns count, as transposed [outputs][out_stride], padding 0.
template <typename T>
void transpose(const T* weight, size_t in, size_t stride, size_t outputs, T* transposed, size_t out_stride) {
  for (size_t j = 0; j < outputs; ++j) {
    for (size_t k = 0; k < in; ++k) transposed[j * out_stride + k] = weight[k * stride + j];
    for (size_t k = in; k < out_stride; ++k) transposed[j * out_stride + k] = T(0);
  }
}

}  // namespace legcnet::kernels
