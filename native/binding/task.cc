#include "task.h"

#include <new>
#include <unordered_map>

#include "file_error.h"
#include "parallel.h"

namespace legcnet::binding {

/// What belongs to one environment (the main thread's, or a worker's): its tasks that have not settled, and how its
/// errors are made. Touched only on its JavaScript thread.
class Environment {
 public:
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  void add(std::shared_ptr<Task> task) { tasks_.emplace(task.get(), std::move(task)); }
  std::shared_ptr<Task> take(Task* task) {
    const auto it = tasks_.find(task);
    if (it == tasks_.end()) return nullptr;
    auto owner = std::move(it->second);
    tasks_.erase(it);
    return owner;
  }

  void cancel_and_join() {
    for (const auto& entry : tasks_) entry.second->control_->cancelled = true;
    for (const auto& entry : tasks_) {
      if (entry.second->thread_.joinable()) entry.second->thread_.join();
    }
    tasks_.clear();
  }

  Napi::FunctionReference argument_error;  // (subject, expected) => error

 private:
  std::unordered_map<Task*, std::shared_ptr<Task>> tasks_;
};

Napi::Value argument_error(Napi::Env env, const std::string& subject, const std::string& expected) {
  const auto& make = Environment::of(env).argument_error;
  if (make.IsEmpty()) return Napi::TypeError::New(env, "expected " + expected + " for " + subject).Value();
  return make.Call({Napi::String::New(env, subject), Napi::String::New(env, expected)});
}

void initialise_environment(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  exports.Set("setArgumentError", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "expected a function");
                Environment::of(info.Env()).argument_error = Napi::Persistent(info[0].As<Napi::Function>());
              }));
  // Hooks run before instance data is freed, and before any queued call of a thread-safe function would.
  env.AddCleanupHook([](Environment* own) { own->cancel_and_join(); }, &Environment::of(env));
}

Napi::Value Task::start(Napi::Env env, std::unique_ptr<Task> owned) {
  std::shared_ptr<Task> task(std::move(owned));
  Environment& own = Environment::of(env);
  task->deferred_ = std::make_unique<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  task->finished_ = Napi::ThreadSafeFunction::New(env, Napi::Function(), "legcnet", 0, 1);
  own.add(task);
  try {
    task->thread_ = std::thread([self = task.get()] { self->main(); });
  } catch (...) {  // no thread to be had
    task->finished_.Release();
    own.take(task.get());
    task->failed();
    throw;
  }
  task->started();

  auto handle = Napi::Object::New(env);
  handle.Set("promise", task->deferred_->Promise());
  const auto control = task->control_;
  handle.Set("cancel", Napi::Function::New(env, [control](const Napi::CallbackInfo&) { control->cancelled = true; }));
  handle.Set("progress", Napi::Function::New(env, [control](const Napi::CallbackInfo& info) -> Napi::Value {
               auto pair = Napi::Array::New(info.Env(), 2);
               pair.Set(0u, static_cast<double>(control->done.load()));
               pair.Set(1u, static_cast<double>(control->total.load()));
               return pair;
             }));
  return handle;
}

void Task::main() {
  const FlushSubnormals flush;
  try {
    run();
  } catch (const Cancelled&) {
    failed_ = cancelled_ = true;
  } catch (const FileError& error) {
    failed_ = true;
    code_ = "ERR_FILE";
    message_ = error.what();
  } catch (const std::exception& error) {
    failed_ = true;
    message_ = error.what();
  } catch (...) {
    failed_ = true;
    message_ = "unknown failure in native code";
  }
  finished_.NonBlockingCall([this](Napi::Env env, Napi::Function) {
    if (env == nullptr) return;  // the environment is going: the clean-up hook owns the task
    settle(env);
  });
  finished_.Release();
}

void Task::settle(Napi::Env env) {
  const Napi::HandleScope scope(env);
  const auto owner = Environment::of(env).take(this);
  if (!owner) return;
  thread_.join();
  try {
    if (!failed_) {
      try {
        deferred_->Resolve(result(env));
        return;
      } catch (const std::bad_alloc&) {
        message_ = "not enough memory for the result";
      }
    }
    failed();
    auto error = Napi::Error::New(env, cancelled_ ? "the operation was aborted" : message_);
    error.Value().Set("code", cancelled_ ? "ABORT_ERR" : code_);
    deferred_->Reject(error.Value());
  } catch (const Napi::Error& error) {
    // result() could not build its value (out of memory, or the environment is terminating)
    try {
      deferred_->Reject(error.Value());
    } catch (const Napi::Error&) {
    }
  }
}

}  // namespace legcnet::binding
