// Memory of typed arrays that native threads may read while JavaScript goes on. A script can give an array's memory
// away in the meantime, to a worker that frees it; what the addon allocated itself, and shared memory, stay all the
// same for as long as they are held. Anything else has to be copied.
#pragma once
#include <cstddef>
#include <memory>

#include "napi_setup.h"

namespace legcnet::binding {

/// Keeps memory alive. To be destroyed on the JavaScript thread it was made on.
using Held = std::shared_ptr<const void>;

/// The memory of an array over a SharedArrayBuffer; null for any other.
Held hold_shared(const Napi::TypedArray& array);
/// That, or memory that adopt() has made known; null for any other.
Held hold(const Napi::TypedArray& array);

namespace held {
void remember(const void* data, size_t bytes, const Held& owner);
void forget(const void* data);
}  // namespace held

/// Makes `owned`, whose elements are at `data`, something that hold() finds by the address of any of them.
template <typename Owned>
std::shared_ptr<Owned> adopt(std::unique_ptr<Owned> owned, const void* data, size_t bytes) {
  const std::shared_ptr<Owned> owner(owned.release(), [data](Owned* last) {
    held::forget(data);  // before another block can have its address
    delete last;
  });
  held::remember(data, bytes, owner);
  return owner;
}

}  // namespace legcnet::binding
