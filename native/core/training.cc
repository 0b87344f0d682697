#include "training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

/// Below this many weights x samples a step is too short to be worth waking a second thread for the twin.
constexpr size_t kParallelTwin = 200000;
/// How often a step looks whether it was cancelled, in weights x samples.
constexpr size_t kCheckWork = 1000000;

}  // namespace

template <typename T>
Trainer<T>::Trainer(const NetworkSpec& spec, const TrainingOptions& training, const SeriesOptions& series,
                    const Parts& parts, const std::vector<double>& parameters, const std::vector<uint8_t>& mask)
    : training_(training), series_(series), parts_(parts), network_(spec) {
  network_.set_parameters(parameters.data());
  if (!mask.empty()) network_.set_mask(mask.data());
  const size_t weights = spec.weights();
  if (series_.kind == SeriesKind::none) return;
  window_ = std::make_unique<WeightWindow<T>>(series_.window, weights);
  if (series_.kind == SeriesKind::difference) {
    std::vector<double> moved(parameters);
    moved[series_.perturbed_weight] += series_.perturbation;
    twin_ = std::make_unique<Network<T>>(spec);
    twin_->set_parameters(moved.data());
    if (!mask.empty()) twin_->set_mask(mask.data());
  }
  scratch_.resize(weights);
}

template <typename T>
uint64_t Trainer<T>::steps_per_epoch() const {
  return (parts_[kTrain]->rows() + training_.batch_size - 1) / training_.batch_size;
}

template <typename T>
std::vector<double> Trainer<T>::parameters() const {
  std::vector<double> out(spec().parameters());
  network_.get_parameters(out.data());
  return out;
}

template <typename T>
std::vector<double> Trainer<T>::exponents() const {
  const size_t weights = spec().weights();
  std::vector<double> out(exponents_.size());
  for_each_weight(spec(), [&](size_t shown, size_t kept) {
    for (size_t window = 0; window < windows(); ++window) {
      out[shown * windows() + window] = exponents_[window * weights + kept];
    }
  });
  return out;
}

template <typename T>
std::vector<int32_t> Trainer<T>::missing_exponents() const {
  const size_t weights = spec().weights();
  std::vector<int32_t> out(weights, 0);
  for (size_t row = 0; row < statuses_.size(); row += weights) {
    for_each_weight(spec(), [&](size_t shown, size_t kept) {
      out[shown] += statuses_[row + kept] != static_cast<uint8_t>(SeriesStatus::kOk) ? 1 : 0;
    });
  }
  return out;
}

template <typename T>
void Trainer<T>::run(uint64_t epochs, int threads, Control& control) {
  const size_t rows = parts_[kTrain]->rows();
  const uint64_t steps = steps_per_epoch();
  control.total = epochs * steps > iterate_ ? epochs * steps - iterate_ : 0;
  if (!logged_ && watching()) {
    // The first iterate, or the first after restore(): a window that ends here was closed before the state was taken.
    if (!series_.log_path.empty()) {
      log_ = std::make_unique<NpyLog<T>>(series_.log_path, spec().weights(), iterate_);
    }
    log_iterate();
    remember_window_start();
  }
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  const size_t check_every = std::max<size_t>(1, kCheckWork / (spec().weights() * training_.batch_size));
  while (iterate_ < epochs * steps && stop_ == Stop::none) {
    if (training_.shuffle) order = permutation(rows, training_.seed, iterate_ / steps + 1);
    for (uint64_t s = iterate_ % steps; s < steps; ++s) {
      if (s % check_every == 0) control.check();
      const size_t first = s * training_.batch_size;
      step(order.data() + first, std::min(training_.batch_size, rows - first), threads, control);
      ++iterate_;
      if (watching()) {
        log_iterate();
        close_window(threads, control);
        remember_window_start();
      }
      control.done.fetch_add(1, std::memory_order_relaxed);
    }
    if (log_) log_->flush();
    if (!training_.evaluate_every_epoch) continue;
    const std::vector<Evaluation> now = evaluate(threads, control);
    history_.insert(history_.end(), now.begin(), now.end());
    const Evaluation& judged = now[training_.stop_part];
    if (!std::isfinite(now[kTrain].loss)) {
      stop_ = Stop::diverged;
    } else if (judged.rows > 0 &&
               static_cast<double>(judged.correct) / static_cast<double>(judged.rows) >= training_.until_accuracy) {
      stop_ = Stop::accuracy;
    }
  }
  if (stop_ == Stop::none && !training_.evaluate_every_epoch) {
    for (const double p : parameters()) {
      if (!std::isfinite(p)) stop_ = Stop::diverged;
    }
  }
}

template <typename T>
std::vector<Evaluation> Trainer<T>::evaluate(int threads, const Control& control) const {
  std::vector<Evaluation> result(kParts);
  for (size_t part = 0; part < kParts; ++part) {
    if (parts_[part]) result[part] = network_.evaluate(*parts_[part], threads, control);
  }
  return result;
}

template <typename T>
void Trainer<T>::step(const uint32_t* rows, size_t count, int threads, const Control& control) {
  const T rate = static_cast<T>(training_.learning_rate);
  const Samples<T>& samples = *parts_[kTrain];
  if (!twin_) {
    network_.step(samples, rows, count, rate);
  } else if (threads > 1 && count * spec().weights() >= kParallelTwin) {
    parallel_for(2, threads, control,
                 [&](size_t which) { (which == 0 ? network_ : *twin_).step(samples, rows, count, rate); });
  } else {
    network_.step(samples, rows, count, rate);
    twin_->step(samples, rows, count, rate);
  }
}

template <typename T>
void Trainer<T>::log_iterate() {
  T* row = window_->row(iterate_);
  network_.pack_weights(row);
  if (twin_) {
    twin_->pack_weights(scratch_.data());
    for (size_t i = 0; i < scratch_.size(); ++i) row[i] = scratch_[i] - row[i];
  }
  if (log_) {
    for_each_weight(spec(), [&](size_t shown, size_t kept) { scratch_[shown] = row[kept]; });
    log_->append(scratch_.data());
  }
  logged_ = true;
}

/// Computes the exponents of the window that ends with this iterate, if one does.
template <typename T>
void Trainer<T>::close_window(int threads, const Control& control) {
  if (iterate_ + 1 != windows() * series_.stride + series_.window) return;
  const size_t weights = spec().weights();
  const size_t offset = exponents_.size();
  exponents_.resize(offset + weights);
  statuses_.resize(offset + weights);
  const auto started = std::chrono::steady_clock::now();
  lyapunov_exponents<T>(window_->ending_at(iterate_), weights, series_.lyapunov, threads, control,
                        {exponents_.data() + offset, statuses_.data() + offset});
  lyapunov_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const Evaluation now = network_.evaluate(*parts_[series_.target], threads, control);
  misclassification_.push_back(1 - static_cast<double>(now.correct) / static_cast<double>(now.rows));
}

/// Keeps a snapshot of about every second half window, as long as a window that began before it may still close.
template <typename T>
void Trainer<T>::remember_window_start() {
  if (iterate_ % series_.stride != 0) return;
  if (snapshots_.empty() || iterate_ - snapshots_.back().iterate >= std::max<uint64_t>(1, series_.window / 2)) {
    snapshots_.push_back(snapshot());
  }
  const uint64_t oldest_open = windows() * series_.stride;
  while (snapshots_.size() > 1 && snapshots_[1].iterate <= oldest_open) snapshots_.pop_front();
}

template <typename T>
typename Trainer<T>::Snapshot Trainer<T>::snapshot() const {
  Snapshot now{iterate_, parameters(), {}};
  if (twin_) {
    now.twin_parameters.resize(spec().parameters());
    twin_->get_parameters(now.twin_parameters.data());
  }
  return now;
}

template <typename T>
TrainerState Trainer<T>::state() const {
  const bool mid_watch = watching() && iterate_ < series_.last_iterate && !snapshots_.empty();
  const Snapshot at = mid_watch ? snapshots_.front() : snapshot();
  const size_t kept = mid_watch ? at.iterate / series_.stride : windows();
  const size_t entries = kept * spec().weights();
  const size_t evaluations = std::min<size_t>(history_.size(), at.iterate / steps_per_epoch() * kParts);
  TrainerState state;
  state.iterate = at.iterate;
  state.stop = mid_watch ? Stop::none : stop_;
  state.parameters = at.parameters;
  state.twin_parameters = at.twin_parameters;
  state.exponents.assign(exponents_.begin(), exponents_.begin() + static_cast<ptrdiff_t>(entries));
  state.statuses.assign(statuses_.begin(), statuses_.begin() + static_cast<ptrdiff_t>(entries));
  state.misclassification.assign(misclassification_.begin(), misclassification_.begin() + static_cast<ptrdiff_t>(kept));
  state.history.assign(history_.begin(), history_.begin() + static_cast<ptrdiff_t>(evaluations));
  return state;
}

template <typename T>
void Trainer<T>::restore(const TrainerState& state) {
  iterate_ = state.iterate;
  logged_ = false;
  snapshots_.clear();
  stop_ = state.stop;
  network_.set_parameters(state.parameters.data());
  if (twin_) twin_->set_parameters(state.twin_parameters.data());
  exponents_ = state.exponents;
  statuses_ = state.statuses;
  misclassification_ = state.misclassification;
  history_ = state.history;
  log_.reset();
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace legcnet
