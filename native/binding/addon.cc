// Registers every module of the addon. One function a module, declared here and defined in its own file.
#include "napi_setup.h"
#include "task.h"

namespace legcnet::binding {

void register_gradients(Napi::Env env, Napi::Object exports);
void register_granger(Napi::Env env, Napi::Object exports);
void register_info(Napi::Env env, Napi::Object exports);
void register_lyapunov(Napi::Env env, Napi::Object exports);
void register_multiple_testing(Napi::Env env, Napi::Object exports);
void register_shapley(Napi::Env env, Napi::Object exports);
void register_spectrum(Napi::Env env, Napi::Object exports);
void register_sensitivity(Napi::Env env, Napi::Object exports);
void register_stationarity(Napi::Env env, Napi::Object exports);
void register_training(Napi::Env env, Napi::Object exports);

static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  initialise_environment(env, exports);
  register_gradients(env, exports);
  register_granger(env, exports);
  register_info(env, exports);
  register_lyapunov(env, exports);
  register_multiple_testing(env, exports);
  register_shapley(env, exports);
  register_spectrum(env, exports);
  register_sensitivity(env, exports);
  register_stationarity(env, exports);
  register_training(env, exports);
  return exports;
}

}  // namespace legcnet::binding

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return legcnet::binding::initialise(env, exports); }
NODE_API_MODULE(legcnet, Init)
