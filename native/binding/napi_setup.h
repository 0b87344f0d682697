// The only include of napi.h: every binding file sees the same configuration of it.
#pragma once

#if !defined(NAPI_CPP_EXCEPTIONS) || !defined(NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
#error "build with the definitions of binding.gyp"
#endif
#include <napi.h>
