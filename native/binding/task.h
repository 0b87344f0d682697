// A piece of long work with a promise. It has a thread of its own, never one of libuv's: Node does not wait for it when
// the process exits or a worker is terminated, because an environment clean-up hook cancels and joins it.
//
// Life of a task: constructed on the JavaScript thread (copies its inputs, or leaves that to started()) -> run() on its
// thread -> result() on the JavaScript thread -> deleted. Progress is not pushed: JavaScript reads `progress()` as
// often as it likes.
#pragma once
#include <memory>
#include <string>
#include <thread>

#include "control.h"
#include "napi_setup.h"

namespace legcnet::binding {

class Task {
 public:
  virtual ~Task() = default;

  /// Starts the task. Returns {promise, cancel(), progress()} where progress() is [done, total].
  /// A cancelled task rejects with an Error whose code is 'ABORT_ERR'; one that failed on a file, 'ERR_FILE'; else
  /// 'ERR_NATIVE'.
  static Napi::Value start(Napi::Env env, std::unique_ptr<Task> task);

 protected:
  /// The work, on the task's own thread, with subnormals flushed. No JavaScript here. Throws Cancelled if it noticed
  /// control().cancelled, any other std::exception on failure.
  virtual void run() = 0;
  /// Called on the JavaScript thread as soon as run() may have begun, before control returns to JavaScript: for the
  /// rest of a copy that run() need not wait for. Must not throw.
  virtual void started() {}
  /// The value the promise resolves with; on the JavaScript thread, after run() returned.
  virtual Napi::Value result(Napi::Env env) = 0;
  /// Called on the JavaScript thread when run() threw, before the promise rejects, or when no thread could be started.
  virtual void failed() {}

  Control& control() { return *control_; }

 private:
  friend class Environment;
  void main();
  void settle(Napi::Env env);

  // shared with the handle's functions, which may outlive the task
  std::shared_ptr<Control> control_ = std::make_shared<Control>();
  bool cancelled_ = false;
  bool failed_ = false;
  const char* code_ = "ERR_NATIVE";
  std::string message_;
  std::unique_ptr<Napi::Promise::Deferred> deferred_;
  Napi::ThreadSafeFunction finished_;
  std::thread thread_;
};

/// Installs the clean-up hook and setArgumentError(); once per environment, before any task starts.
void initialise_environment(Napi::Env env, Napi::Object exports);

/// The error for an argument that is not what was expected, made by what setArgumentError((subject, expected) => error)
/// was given.
Napi::Value argument_error(Napi::Env env, const std::string& subject, const std::string& expected);

}  // namespace legcnet::binding
