// spectrum() and fitEigenvalues(): WeightWatcher's quantities of matrices and of given eigenvalues, as tasks.
#include "spectrum.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "arguments.h"
#include "task.h"

namespace legcnet::binding {
namespace {

FixFingers read_fix_fingers(const Fields& fields) {
  return static_cast<FixFingers>(fields.choice("fixFingers", {"none", "xmin-peak", "clip-xmax"}));
}

Napi::Object power_law_object(Napi::Env env, PowerLawFit&& fit) {
  auto object = Napi::Object::New(env);
  object.Set("found", fit.found);
  object.Set("alpha", fit.alpha);
  object.Set("xmin", fit.xmin);
  object.Set("xmax", fit.xmax);
  object.Set("distance", fit.distance);
  object.Set("sigma", fit.sigma);
  object.Set("spikes", fit.spikes);
  object.Set("fingers", fit.fingers);
  object.Set("alphaWeighted", fit.alpha_weighted);
  object.Set("logAlphaNorm", fit.log_alpha_norm);
  object.Set("scanXmin", array_owning(env, std::move(fit.scan_xmin)));
  object.Set("scanAlpha", array_owning(env, std::move(fit.scan_alpha)));
  object.Set("scanDistance", array_owning(env, std::move(fit.scan_distance)));
  return object;
}

Napi::Object bulk_object(Napi::Env env, MarchenkoPasturFit&& fit) {
  auto object = Napi::Object::New(env);
  object.Set("found", fit.found);
  object.Set("sigma", fit.sigma);
  object.Set("accepted", fit.accepted);
  object.Set("scale", fit.scale);
  object.Set("bulkMin", fit.bulk_min);
  object.Set("bulkMax", fit.bulk_max);
  object.Set("cutoff", fit.cutoff);
  object.Set("softrank", fit.softrank);
  object.Set("spikes", fit.spikes);
  object.Set("gridSigma", array_owning(env, std::move(fit.grid_sigma)));
  object.Set("gridResidual", array_owning(env, std::move(fit.grid_residual)));
  return object;
}

class SpectrumTask : public Task {
 public:
  /// ({entries: all matrices' one after the other, rows, columns: [matrices], fixFingers, randomise, seed, threads})
  explicit SpectrumTask(const Fields& fields)
      : entries_(fields.array<double>("entries")),
        rows_(fields.array<uint32_t>("rows")),
        columns_(fields.array<uint32_t>("columns", rows_.size())) {
    uint64_t left = entries_.size();
    for (size_t m = 0; m < rows_.size(); ++m) {
      const uint64_t size = static_cast<uint64_t>(rows_[m]) * columns_[m];
      if (size > left) throw_type(fields.env(), "spectrum.entries", "as many as the shapes say");
      left -= size;
    }
    if (left != 0) throw_type(fields.env(), "spectrum.entries", "as many as the shapes say");
    options_.fix_fingers = read_fix_fingers(fields);
    options_.randomise = fields.boolean("randomise");
    options_.seed = static_cast<uint64_t>(fields.integer("seed", 0, UINT32_MAX));
    options_.threads = fields.threads();
  }

 private:
  void run() override {
    std::vector<MatrixView> matrices;
    const double* next = entries_.data();
    for (size_t m = 0; m < rows_.size(); ++m) {
      matrices.push_back({next, rows_[m], columns_[m]});
      next += static_cast<size_t>(rows_[m]) * columns_[m];
    }
    spectra_ = spectrum(matrices, options_, control());
  }

  Napi::Value result(Napi::Env env) override {
    auto list = Napi::Array::New(env, spectra_.size());
    for (size_t m = 0; m < spectra_.size(); ++m) list.Set(static_cast<uint32_t>(m), object_of(env, spectra_[m]));
    return list;
  }

  Napi::Object object_of(Napi::Env env, Spectrum& spectrum) {
    auto object = Napi::Object::New(env);
    object.Set("status", static_cast<double>(spectrum.status));
    if (spectrum.status != SpectrumStatus::kOk) return object;
    object.Set("eigenvalues", array_owning(env, std::move(spectrum.eigenvalues)));
    object.Set("norm", spectrum.norm);
    object.Set("logNorm", spectrum.log_norm);
    object.Set("spectralNorm", spectrum.spectral_norm);
    object.Set("logSpectralNorm", spectrum.log_spectral_norm);
    object.Set("stableRank", spectrum.stable_rank);
    object.Set("matrixRank", spectrum.matrix_rank);
    object.Set("entropy", spectrum.entropy);
    object.Set("powerLaw", power_law_object(env, std::move(spectrum.power_law)));
    object.Set("bulk", bulk_object(env, std::move(spectrum.bulk)));
    if (!options_.randomise) return object;
    auto& randomised = spectrum.randomised;
    auto nested = Napi::Object::New(env);
    nested.Set("eigenvalues", array_owning(env, std::move(randomised.eigenvalues)));
    nested.Set("bulk", bulk_object(env, std::move(randomised.bulk)));
    nested.Set("single", array_owning(env, std::move(randomised.single)));
    nested.Set("distance", randomised.distance);
    nested.Set("softrank", randomised.softrank);
    nested.Set("maxdist", randomised.maxdist);
    object.Set("randomised", nested);
    return object;
  }

  std::vector<double> entries_;
  std::vector<uint32_t> rows_, columns_;
  SpectrumOptions options_;
  std::vector<Spectrum> spectra_;
};

class FitTask : public Task {
 public:
  /// ({eigenvalues, larger, smaller, fixFingers})
  explicit FitTask(const Fields& fields)
      : eigenvalues_(fields.array<double>("eigenvalues")),
        larger_(static_cast<size_t>(fields.integer("larger", 1, UINT32_MAX))),
        smaller_(static_cast<size_t>(fields.integer("smaller", 1, static_cast<int64_t>(larger_)))),
        fix_fingers_(read_fix_fingers(fields)) {
    const bool usable = std::all_of(eigenvalues_.begin(), eigenvalues_.end(),
                                    [](double value) { return std::isfinite(value) && value >= 0; });
    if (!usable) throw_type(fields.env(), "fit.eigenvalues", "finite numbers of at least 0");
  }

 private:
  void run() override {
    std::sort(eigenvalues_.begin(), eigenvalues_.end());
    power_law_ = fit_power_law(eigenvalues_, fix_fingers_, control());
    bulk_ = fit_marchenko_pastur(eigenvalues_, larger_, smaller_);
  }

  Napi::Value result(Napi::Env env) override {
    auto object = Napi::Object::New(env);
    object.Set("powerLaw", power_law_object(env, std::move(power_law_)));
    object.Set("bulk", bulk_object(env, std::move(bulk_)));
    return object;
  }

  std::vector<double> eigenvalues_;
  size_t larger_, smaller_;
  FixFingers fix_fingers_;
  PowerLawFit power_law_;
  MarchenkoPasturFit bulk_;
};

Napi::Value start_spectrum(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<SpectrumTask>(Fields(info[0], "spectrum")));
}

Napi::Value start_fit(const Napi::CallbackInfo& info) {
  return Task::start(info.Env(), std::make_unique<FitTask>(Fields(info[0], "fit")));
}

}  // namespace

void register_spectrum(Napi::Env env, Napi::Object exports) {
  exports.Set("spectrum", Napi::Function::New(env, start_spectrum));
  exports.Set("fitEigenvalues", Napi::Function::New(env, start_fit));
}

}  // namespace legcnet::binding
