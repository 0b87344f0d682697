#include "lyapunov_options.h"

namespace legcnet::binding {

LyapunovOptions read_lyapunov_options(const Fields& fields) {
  constexpr int64_t kMost = 1 << 24;
  LyapunovOptions options;
  options.embedding.dimension = static_cast<size_t>(fields.integer("embeddingDimension", 1, kMost));
  options.embedding.delay = static_cast<size_t>(fields.integer("delay", 1, kMost));
  options.embedding.theiler_window = static_cast<size_t>(fields.integer("theilerWindow", 0, kMost));
  options.embedding.horizon = static_cast<size_t>(fields.integer("horizon", 1, kMost));
  if (fields.choice("divergence", {"rosenstein", "kantz"}) == 1) {
    options.divergence = LyapunovOptions::Divergence::kKantz;
  }
  options.min_neighbours = static_cast<size_t>(fields.integer("minNeighbours", 1, kMost));
  if (fields.get("radius").IsNumber()) {
    options.neighbours = LyapunovOptions::Neighbours::kGivenRadius;
    options.radius = fields.number("radius");
    if (!(options.radius > 0)) throw_type(fields.env(), fields.path("radius"), "a positive number");
  } else if (fields.choice("radius", {"all", "default"}) == 1) {
    options.neighbours = LyapunovOptions::Neighbours::kDefaultRadius;
  }
  if (fields.choice("exponent", {"one-step", "fit"}) == 1) {
    options.slope = LyapunovOptions::Slope::kFoundFit;
    if (fields.has("fit")) {
      const Napi::Value fit = fields.get("fit");
      if (!fit.IsArray() || fit.As<Napi::Array>().Length() != 2) {
        throw_type(fields.env(), fields.path("fit"), "[from, to]");
      }
      const auto bound = [&](uint32_t i) { return fit.As<Napi::Array>().Get(i).ToNumber().Int64Value(); };
      const int64_t from = bound(0), to = bound(1);
      if (from < 0 || from >= to || to > static_cast<int64_t>(options.embedding.horizon)) {
        throw_type(fields.env(), fields.path("fit"), "0 <= from < to <= horizon");
      }
      options.slope = LyapunovOptions::Slope::kFit;
      options.fit_from = static_cast<size_t>(from);
      options.fit_to = static_cast<size_t>(to);
    }
  }
  if (fields.get("minRange").IsNumber()) {
    options.min_range = fields.number("minRange");
    options.min_range_is_relative = false;
  }
  if (fields.get("quantise").IsNumber())
    options.quantise_decimals = static_cast<int>(fields.integer("quantise", 0, 15));
  options.mean_change = fields.boolean("meanChange");
  options.text_rounding = fields.boolean("textRounding");
  return options;
}

}  // namespace legcnet::binding
