// What this binary is: compiler, instruction set, processor features. Shown by `legcnet info`.
#include <string>

#include "napi_setup.h"

namespace legcnet::binding {
namespace {

const char* instruction_set() {
#if defined(__AVX512F__)
  return "x86-64-v4";
#elif defined(__AVX2__)
  return "x86-64-v3";
#elif defined(__SSE4_2__)
  return "x86-64-v2";
#elif defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "generic";
#endif
}

Napi::Value info(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  auto features = Napi::Array::New(env);
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  uint32_t count = 0;
  // The builtin takes literals only, hence no loop.
#define LEGCNET_FEATURE(name) \
  if (__builtin_cpu_supports(name)) features.Set(count++, name)
  LEGCNET_FEATURE("sse4.2");
  LEGCNET_FEATURE("avx");
  LEGCNET_FEATURE("avx2");
  LEGCNET_FEATURE("fma");
  LEGCNET_FEATURE("avx512f");
  LEGCNET_FEATURE("avx512dq");
  LEGCNET_FEATURE("avx512vl");
#undef LEGCNET_FEATURE
#endif
  auto result = Napi::Object::New(env);
  result.Set("variant", instruction_set());
  result.Set("features", features);
#if defined(__VERSION__)
  result.Set("compiler", __VERSION__);
#else
  result.Set("compiler", "unknown");
#endif
  return result;
}

}  // namespace

void register_info(Napi::Env env, Napi::Object exports) { exports.Set("info", Napi::Function::New(env, info)); }

}  // namespace legcnet::binding
