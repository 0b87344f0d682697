#include "task.h"

#include <unordered_map>

#include "parallel.h"

namespace legcnet::binding {

/// The tasks of one environment (the main thread's, or a worker's) that have not settled. Touched only on its
/// JavaScript thread.
class LiveTasks {
 public:
  static LiveTasks& of(Napi::Env env) { return *env.GetInstanceData<LiveTasks>(); }

  /// Tasks go by number: a handle kept after its task settled must not reach another task at the same address.
  uint64_t add(std::shared_ptr<Task> task) {
    tasks_.emplace(++last_, std::move(task));
    return last_;
  }
  std::shared_ptr<Task> find(uint64_t id) const {
    const auto it = tasks_.find(id);
    return it == tasks_.end() ? nullptr : it->second;
  }
  std::shared_ptr<Task> take(uint64_t id) {
    auto owner = find(id);
    tasks_.erase(id);
    return owner;
  }

  void cancel_and_join() {
    for (const auto& entry : tasks_) entry.second->control_.cancelled = true;
    for (const auto& entry : tasks_) {
      if (entry.second->thread_.joinable()) entry.second->thread_.join();
    }
    tasks_.clear();
  }

 private:
  std::unordered_map<uint64_t, std::shared_ptr<Task>> tasks_;
  uint64_t last_ = 0;
};

void initialise_tasks(Napi::Env env) {
  env.SetInstanceData(new LiveTasks());
  // Hooks run before instance data is freed, and before any queued call of a thread-safe function would.
  env.AddCleanupHook([](LiveTasks* live) { live->cancel_and_join(); }, &LiveTasks::of(env));
}

Napi::Value Task::start(Napi::Env env, std::unique_ptr<Task> owned) {
  std::shared_ptr<Task> task(std::move(owned));
  LiveTasks& live = LiveTasks::of(env);
  task->deferred_ = std::make_unique<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  task->finished_ = Napi::ThreadSafeFunction::New(env, Napi::Function(), "legcnet", 0, 1);
  const uint64_t id = task->id_ = live.add(task);
  try {
    task->thread_ = std::thread([self = task.get()] { self->main(); });
  } catch (...) {  // no thread to be had
    task->finished_.Release();
    live.take(id);
    task->failed();
    throw;
  }

  auto handle = Napi::Object::New(env);
  handle.Set("promise", task->deferred_->Promise());
  handle.Set("cancel", Napi::Function::New(env, [&live, id](const Napi::CallbackInfo&) {
               if (const auto found = live.find(id)) found->control_.cancelled = true;
             }));
  handle.Set("progress", Napi::Function::New(env, [&live, id](const Napi::CallbackInfo& info) -> Napi::Value {
               const auto found = live.find(id);
               auto pair = Napi::Array::New(info.Env(), 2);
               pair.Set(0u, static_cast<double>(found ? found->control_.done.load() : 0));
               pair.Set(1u, static_cast<double>(found ? found->control_.total.load() : 0));
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
  const auto owner = LiveTasks::of(env).take(id_);
  if (!owner) return;
  thread_.join();
  try {
    if (!failed_) {
      deferred_->Resolve(result(env));
      return;
    }
    failed();
    auto error = Napi::Error::New(env, cancelled_ ? "the operation was aborted" : message_);
    error.Value().Set("code", cancelled_ ? "ABORT_ERR" : "ERR_NATIVE");
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
