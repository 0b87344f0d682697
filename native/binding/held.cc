#include "held.h"

#include <cstdint>
#include <map>
#include <mutex>

namespace legcnet::binding {
namespace {

struct Block {
  size_t bytes;
  std::weak_ptr<const void> owner;
};

/// Blocks by their address. Of the whole process: arrays move between its JavaScript threads.
struct Blocks {
  std::mutex mutex;
  std::map<uintptr_t, Block> at;
};

Blocks& blocks() {
  static Blocks instance;
  return instance;
}

uintptr_t address(const void* data) { return reinterpret_cast<uintptr_t>(data); }

}  // namespace

void held::remember(const void* data, size_t bytes, const Held& owner) {
  Blocks& all = blocks();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.at[address(data)] = {bytes, owner};
}

void held::forget(const void* data) {
  Blocks& all = blocks();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.at.erase(address(data));
}

Held hold_shared(const Napi::TypedArray& array) {
  if (array.ArrayBuffer().IsArrayBuffer()) return nullptr;  // a SharedArrayBuffer is none
  return std::make_shared<Napi::ObjectReference>(Napi::Persistent(array.As<Napi::Object>()));
}

Held hold(const Napi::TypedArray& array) {
  if (Held shared = hold_shared(array)) return shared;
  const uintptr_t first = address(static_cast<const char*>(array.ArrayBuffer().Data()) + array.ByteOffset());
  Blocks& all = blocks();
  const std::lock_guard<std::mutex> lock(all.mutex);
  auto block = all.at.upper_bound(first);
  if (block == all.at.begin()) return nullptr;
  --block;
  return first - block->first < block->second.bytes ? block->second.owner.lock() : nullptr;
}

}  // namespace legcnet::binding
