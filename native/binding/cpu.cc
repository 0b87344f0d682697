// A tiny addon of its own, compiled for any processor: tells which x86-64 level this one has, so that the loader can
// pick the variant of the real addon. Uses the C API only: nothing here may need more than the least processor.
#include <node_api.h>

namespace {

/// 1..4 as in the x86-64 psABI; 0 on other architectures.
int level() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
  if (!(HAS("sse3") && HAS("ssse3") && HAS("sse4.1") && HAS("sse4.2") && HAS("popcnt"))) return 1;
  if (!(HAS("avx") && HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma"))) return 2;
  if (!(HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") && HAS("avx512vl"))) return 3;
#undef HAS
  return 4;
#else
  return 0;
#endif
}

napi_value get_level(napi_env env, napi_callback_info) {
  napi_value value = nullptr;
  napi_create_int32(env, level(), &value);
  return value;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function = nullptr;
  napi_create_function(env, "level", NAPI_AUTO_LENGTH, get_level, nullptr, &function);
  napi_set_named_property(env, exports, "level", function);
  return exports;
}
