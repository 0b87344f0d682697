// The exponent's options as TypeScript hands them over; read here for the batch functions and for training alike.
#pragma once
#include "arguments.h"
#include "lyapunov.h"

namespace legcnet::binding {

/// {divergence: 'rosenstein' | 'kantz', minNeighbours, embeddingDimension, delay, theilerWindow, horizon, radius: 'all'
/// | 'default' | number, exponent: 'one-step' | 'fit',
///  fit?: [from, to], minRange: 'resolution' | number, quantise: 'none' | number, meanChange, textRounding}
LyapunovOptions read_lyapunov_options(const Fields& fields);

}  // namespace legcnet::binding
