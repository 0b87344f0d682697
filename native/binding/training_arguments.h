// Networks and samples as arguments of functions in other files than training.cc.
#pragma once
#include <memory>
#include <variant>

#include "napi_setup.h"
#include "network.h"
#include "samples.h"

namespace legcnet::binding {

/// One Samples of either precision.
using SamplesVariant = std::variant<std::shared_ptr<Samples<double>>, std::shared_ptr<Samples<float>>>;

NetworkSpec network_argument(const Napi::Value& value);

/// Samples that fit the network and have at least one row; they cannot grow any more.
SamplesVariant samples_argument(const Napi::Value& value, const NetworkSpec& spec);

}  // namespace legcnet::binding
