// The loops of a dense layer, blocked for registers. Matrices are row-major with rows padded to the vector width.
#pragma once
#include <cstdint>
#include <type_traits>

#include "simd.h"

namespace legcnet::kernels {

/// out[s][0..J vectors) = bias + sum_k input[s][k] weight[k][...], for S samples at once.
template <typename T, size_t S, size_t J>
inline void forward_block(const T* input, size_t input_stride, size_t in, const T* weight, size_t stride, const T* bias,
                          T* out) {
  Vec<T> sum[S][J];
  for (size_t s = 0; s < S; ++s) {
    for (size_t j = 0; j < J; ++j) sum[s][j] = vec_at(bias + j * kLanes<T>);
  }
  for (size_t k = 0; k < in; ++k) {
    const T* row = weight + k * stride;
    for (size_t s = 0; s < S; ++s) {
      const T x = input[s * input_stride + k];
      for (size_t j = 0; j < J; ++j) sum[s][j] += x * vec_at(row + j * kLanes<T>);
    }
  }
  for (size_t s = 0; s < S; ++s) {
    for (size_t j = 0; j < J; ++j) vec_at(out + s * stride + j * kLanes<T>) = sum[s][j];
  }
}

template <typename T, size_t J>
inline void forward_columns(const T* input, size_t input_stride, size_t count, size_t in, const T* weight,
                            size_t stride, const T* bias, T* out) {
  size_t s = 0;
  for (; s + 4 <= count; s += 4) {
    forward_block<T, 4, J>(input + s * input_stride, input_stride, in, weight, stride, bias, out + s * stride);
  }
  for (; s < count; ++s) {
    forward_block<T, 1, J>(input + s * input_stride, input_stride, in, weight, stride, bias, out + s * stride);
  }
}

/// z = bias + input W for `count` samples; input [count][input_stride], out [count][stride].
template <typename T>
void forward_dense(const T* input, size_t input_stride, size_t count, size_t in, const T* weight, size_t stride,
                   const T* bias, T* out) {
  size_t j = 0;
  for (; j + 2 * kLanes<T> <= stride; j += 2 * kLanes<T>) {
    forward_columns<T, 2>(input, input_stride, count, in, weight + j, stride, bias + j, out + j);
  }
  for (; j < stride; j += kLanes<T>) {
    forward_columns<T, 1>(input, input_stride, count, in, weight + j, stride, bias + j, out + j);
  }
}

/// Calls body(J, first) for blocks of J = at most 8 vectors that cover `vectors`; J is a constant of the type.
template <typename Body>
inline void for_blocks(size_t vectors, Body&& body) {
  size_t first = 0;
  for (; first + 8 <= vectors; first += 8) body(std::integral_constant<size_t, 8>(), first);
  switch (vectors - first) {
    case 7: return body(std::integral_constant<size_t, 7>(), first);
    case 6: return body(std::integral_constant<size_t, 6>(), first);
    case 5: return body(std::integral_constant<size_t, 5>(), first);
    case 4: return body(std::integral_constant<size_t, 4>(), first);
    case 3: return body(std::integral_constant<size_t, 3>(), first);
    case 2: return body(std::integral_constant<size_t, 2>(), first);
    case 1: return body(std::integral_constant<size_t, 1>(), first);
    default: return;
  }
}

/// forward_dense for one sample given by its non-zero inputs.
template <typename T>
void forward_sparse(const uint32_t* column, const T* value, size_t entries, const T* weight, size_t stride,
                    const T* bias, T* out) {
  for_blocks(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    Vec<T> sum[J];
    for (size_t j = 0; j < J; ++j) sum[j] = vec_at(bias + offset + j * kLanes<T>);
    for (size_t e = 0; e < entries; ++e) {
      const T* row = weight + column[e] * stride + offset;
      const T x = value[e];
      for (size_t j = 0; j < J; ++j) sum[j] += x * vec_at(row + j * kLanes<T>);
    }
    for (size_t j = 0; j < J; ++j) vec_at(out + offset + j * kLanes<T>) = sum[j];
  });
}

/// out[s][k] = sum_j weight[k][j] delta[s][j]: the delta handed to the layer below, before its activation's derivative.
template <typename T>
void backward_dots(const T* delta, size_t stride, size_t count, const T* weight, size_t in, T* out, size_t out_stride) {
  for (size_t s = 0; s < count; ++s) {
    const T* d = delta + s * stride;
    for (size_t k = 0; k < in; ++k) {
      const T* row = weight + k * stride;
      Vec<T> sum = vec_at(row) * vec_at(d);
      for (size_t j = kLanes<T>; j < stride; j += kLanes<T>) sum += vec_at(row + j) * vec_at(d + j);
      out[s * out_stride + k] = lane_sum<T>(sum);
    }
  }
}

/// The same by way of the transposed weights, which `scratch` [(outputs + 1) * out_stride] receives: no sums across
/// lanes, which pays for the transposition from a few samples on.
template <typename T>
void backward_transposed(const T* delta, size_t stride, size_t count, const T* weight, size_t in, size_t outputs,
                         T* out, size_t out_stride, T* scratch) {
  T* zero = scratch + outputs * out_stride;
  for (size_t k = 0; k < out_stride; ++k) zero[k] = T(0);
  for (size_t j = 0; j < outputs; ++j) {
    for (size_t k = 0; k < in; ++k) scratch[j * out_stride + k] = weight[k * stride + j];
    for (size_t k = in; k < out_stride; ++k) scratch[j * out_stride + k] = T(0);
  }
  forward_dense(delta, stride, count, outputs, scratch, out_stride, zero, out);
}

template <typename T, size_t K, size_t J>
inline void update_block(const T* input, size_t input_stride, const T* delta, size_t stride, size_t count, T scale,
                         T* weight) {
  Vec<T> sum[K][J] = {};
  for (size_t s = 0; s < count; ++s) {
    const T* d = delta + s * stride;
    for (size_t k = 0; k < K; ++k) {
      const T x = input[s * input_stride + k];
      for (size_t j = 0; j < J; ++j) sum[k][j] += x * vec_at(d + j * kLanes<T>);
    }
  }
  for (size_t k = 0; k < K; ++k) {
    for (size_t j = 0; j < J; ++j) vec_at(weight + k * stride + j * kLanes<T>) -= scale * sum[k][j];
  }
}

template <typename T, size_t J>
inline void update_columns(const T* input, size_t input_stride, const T* delta, size_t stride, size_t count, size_t in,
                           T scale, T* weight) {
  size_t k = 0;
  for (; k + 4 <= in; k += 4) {
    update_block<T, 4, J>(input + k, input_stride, delta, stride, count, scale, weight + k * stride);
  }
  for (; k < in; ++k) update_block<T, 1, J>(input + k, input_stride, delta, stride, count, scale, weight + k * stride);
}

/// weight[k][j] -= scale * sum_s input[s][k] delta[s][j].
template <typename T>
void update_dense(const T* input, size_t input_stride, const T* delta, size_t stride, size_t count, size_t in, T scale,
                  T* weight) {
  size_t j = 0;
  for (; j + 2 * kLanes<T> <= stride; j += 2 * kLanes<T>) {
    update_columns<T, 2>(input, input_stride, delta + j, stride, count, in, scale, weight + j);
  }
  for (; j < stride; j += kLanes<T>) {
    update_columns<T, 1>(input, input_stride, delta + j, stride, count, in, scale, weight + j);
  }
}

/// update_dense for one sample given by its non-zero inputs.
template <typename T>
void update_sparse(const uint32_t* column, const T* value, size_t entries, const T* delta, size_t stride, T scale,
                   T* weight) {
  for_blocks(stride / kLanes<T>, [&](auto constant, size_t first) {
    constexpr size_t J = decltype(constant)::value;
    const size_t offset = first * kLanes<T>;
    Vec<T> change[J];
    for (size_t j = 0; j < J; ++j) change[j] = scale * vec_at(delta + offset + j * kLanes<T>);
    for (size_t e = 0; e < entries; ++e) {
      T* row = weight + column[e] * stride + offset;
      const T x = value[e];
      for (size_t j = 0; j < J; ++j) vec_at(row + j * kLanes<T>) -= x * change[j];
    }
  });
}

}  // namespace legcnet::kernels
