// Reads JavaScript arguments. TypeScript has validated the values and phrased the messages for people; here types and
// lengths are checked once more, so that no call, however wrong, can make the core read outside an array.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "held.h"
#include "napi_setup.h"
#include "task.h"

namespace legcnet::binding {

template <typename T>
struct ArrayType;
template <>
struct ArrayType<double> {
  static constexpr napi_typedarray_type value = napi_float64_array;
  static constexpr const char* name = "Float64Array";
};
template <>
struct ArrayType<float> {
  static constexpr napi_typedarray_type value = napi_float32_array;
  static constexpr const char* name = "Float32Array";
};
template <>
struct ArrayType<int32_t> {
  static constexpr napi_typedarray_type value = napi_int32_array;
  static constexpr const char* name = "Int32Array";
};
template <>
struct ArrayType<uint32_t> {
  static constexpr napi_typedarray_type value = napi_uint32_array;
  static constexpr const char* name = "Uint32Array";
};
template <>
struct ArrayType<uint8_t> {
  static constexpr napi_typedarray_type value = napi_uint8_array;
  static constexpr const char* name = "Uint8Array";
};

[[noreturn]] inline void throw_type(Napi::Env env, const std::string& name, const std::string& expected) {
  throw Napi::Error(env, argument_error(env, name, expected));
}

inline napi_typedarray_type array_type(const Napi::Value& value) {
  return value.IsTypedArray() ? value.As<Napi::TypedArray>().TypedArrayType() : static_cast<napi_typedarray_type>(-1);
}

/// A view of a typed array's elements, valid until control returns to JavaScript.
template <typename T>
struct ArrayView {
  const T* data;
  size_t length;
};

template <typename T>
ArrayView<T> view_of(const Napi::Value& value, const std::string& name) {
  if (array_type(value) != ArrayType<T>::value) throw_type(value.Env(), name, ArrayType<T>::name);
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

template <typename T>
ArrayView<T> view_of(const Napi::Value& value, const std::string& name, size_t length) {
  const auto view = view_of<T>(value, name);
  if (view.length != length) {
    throw_type(value.Env(), name, std::to_string(length) + " elements, not " + std::to_string(view.length));
  }
  return view;
}

template <typename T>
std::vector<T> copy_of(const Napi::Value& value, const std::string& name) {
  const auto view = view_of<T>(value, name);
  return std::vector<T>(view.data, view.data + view.length);
}

template <typename T>
std::vector<T> copy_of(const Napi::Value& value, const std::string& name, size_t length) {
  const auto view = view_of<T>(value, name, length);
  return std::vector<T>(view.data, view.data + view.length);
}

/// A new typed array with a copy of `values`.
template <typename T>
Napi::TypedArrayOf<T> array_of(Napi::Env env, const std::vector<T>& values) {
  auto array = Napi::TypedArrayOf<T>::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

/// A typed array of `size` elements at `data`, which `owner` keeps until the array is collected.
template <typename T, typename Owner>
Napi::TypedArrayOf<T> array_at(Napi::Env env, T* data, size_t size, Owner owner) {
  auto kept = std::make_unique<Owner>(std::move(owner));
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(
      env, data, size * sizeof(T), [](napi_env, void*, void* hint) { delete static_cast<Owner*>(hint); }, kept.get(),
      &buffer);
  // Node finalizes what it has begun to make, as a buffer that turns out too large (napi-inl.h would finalize it
  // again), but not what it did not begin, as in a worker that is terminated.
  if (status == napi_ok || status == napi_generic_failure) kept.release();
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::TypedArrayOf<T>::New(env, size, Napi::ArrayBuffer(env, buffer), 0);
}

/// A typed array that takes the vector over without copying it; hold() knows it.
template <typename T>
Napi::TypedArrayOf<T> array_owning(Napi::Env env, std::vector<T>&& values) {
  if (values.empty()) return Napi::TypedArrayOf<T>::New(env, 0);
  auto vector = std::make_unique<std::vector<T>>(std::move(values));
  T* const data = vector->data();
  const size_t size = vector->size();
  return array_at(env, data, size, adopt(std::move(vector), data, size * sizeof(T)));
}

/// Typed access to the fields of one options object.
class Fields {
 public:
  Fields(const Napi::Value& value, const std::string& name) : name_(name), object_(check(value, name)) {}

  Napi::Env env() const { return object_.Env(); }
  Napi::Value get(const char* key) const { return object_.Get(key); }
  std::string path(const char* key) const { return name_ + "." + key; }
  bool has(const char* key) const {
    const Napi::Value value = object_.Get(key);
    return !value.IsUndefined() && !value.IsNull();
  }

  double number(const char* key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsNumber()) throw_type(env(), path(key), "a number");
    return value.As<Napi::Number>().DoubleValue();
  }
  /// An integer in [low, high].
  int64_t integer(const char* key, int64_t low, int64_t high) const {
    const double value = number(key);
    if (!(std::floor(value) == value && value >= static_cast<double>(low) && value <= static_cast<double>(high))) {
      throw_type(env(), path(key), "an integer from " + std::to_string(low) + " to " + std::to_string(high));
    }
    return static_cast<int64_t>(value);
  }
  int threads() const { return static_cast<int>(integer("threads", 1, 1024)); }
  bool boolean(const char* key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsBoolean()) throw_type(env(), path(key), "a boolean");
    return value.As<Napi::Boolean>().Value();
  }
  std::string string(const char* key) const {
    const Napi::Value value = object_.Get(key);
    if (!value.IsString()) throw_type(env(), path(key), "a string");
    return value.As<Napi::String>().Utf8Value();
  }
  /// The index of the field's string in `choices`.
  size_t choice(const char* key, std::initializer_list<const char*> choices) const {
    const std::string value = string(key);
    const auto it = std::find(choices.begin(), choices.end(), value);
    if (it == choices.end()) throw_type(env(), path(key), "a known name, not '" + value + "'");
    return static_cast<size_t>(it - choices.begin());
  }
  template <typename T>
  std::vector<T> array(const char* key) const {
    return copy_of<T>(object_.Get(key), path(key));
  }
  template <typename T>
  std::vector<T> array(const char* key, size_t length) const {
    return copy_of<T>(object_.Get(key), path(key), length);
  }

 private:
  static Napi::Object check(const Napi::Value& value, const std::string& name) {
    if (!value.IsObject()) throw_type(value.Env(), name, "an object");
    return value.As<Napi::Object>();
  }
  std::string name_;
  Napi::Object object_;
};

}  // namespace legcnet::binding
