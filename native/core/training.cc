#include "training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "parallel.h"
#include "random.h"

namespace legcnet {
namespace {

/// Below this many weights x samples a step is too short to be worth sharing.
constexpr size_t kSharedStep = 200000;
/// A larger window is not in the caches when its exponents are computed: nothing is gained by writing it through them.
constexpr size_t kCachedWindow = size_t{1} << 25;
/// Of a next small batch, rows whose inputs are asked for while this one is worked on; the rest are asked for in
/// load().
constexpr size_t kPrefetchRows = 4;
/// How often a step looks whether it was cancelled, in weights x samples.
constexpr size_t kCheckWork = 1000000;

}  // namespace

template <typename T>
Trainer<T>::Trainer(const NetworkSpec& spec, const TrainingOptions& training, const SeriesOptions& series,
                    const Parts& parts, const std::vector<double>& parameters, const std::vector<uint8_t>& mask)
    : training_(training),
      series_(series),
      parts_(parts),
      network_(spec),
      exponents_(series.kind == SeriesKind::none ? 0 : spec.weights(), series.expected_windows,
                 series.single_exponents) {
  network_.set_parameters(parameters.data());
  if (!mask.empty()) network_.set_mask(mask.data());
  const size_t weights = spec.weights();
  if (series_.kind == SeriesKind::none) return;
  // Weights of an input that is 0 stand still. Of larger batches hardly an input is 0 in all samples.
  const bool in_pieces = training.batch_size <= 2 && parts[kTrain]->sparse() && mask.empty() && series.log_path.empty();
  window_ = std::make_unique<WeightWindow<T>>(series_.window, series_.stride, weights, in_pieces ? spec.sizes[0] : 0,
                                              spec.sizes[1]);
  window_exponents_.resize(weights);
  window_statuses_.resize(weights);
  missing_.assign(weights, 0);
  packed_.resize(weights);
  for_each_weight(spec, [&](size_t shown, size_t kept) { packed_[shown] = kept; });
  scratch_.resize(weights);
  std::vector<size_t> columns;
  for (const uint32_t w : series_.sample) columns.push_back(packed_[w]);
  sample_ = SeriesSample(std::move(columns));
  if (series_.kind != SeriesKind::difference) return;
  std::vector<double> moved(parameters);
  moved[series_.perturbed_weight] += series_.perturbation;
  twin_ = std::make_unique<Network<T>>(spec);
  twin_->set_parameters(moved.data());
  if (!mask.empty()) twin_->set_mask(mask.data());
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
void Trainer<T>::run(uint64_t epochs, int threads, Control& control) {
  try {
    go_on(epochs, threads, control);
  } catch (...) {
    log_.reset();  // another trainer may take the file over, and this one live on until it is collected
    throw;
  }
}

template <typename T>
void Trainer<T>::go_on(uint64_t epochs, int threads, Control& control) {
  const size_t rows = parts_[kTrain]->rows();
  const uint64_t steps = steps_per_epoch();
  const Team team(threads);
  control.total = epochs * steps > iterate_ ? epochs * steps - iterate_ : 0;
  if (!logged_ && in_series(iterate_)) {
    // The first iterate, or the first after restore(): a window that ends here was closed before the state was taken.
    if (!series_.log_path.empty()) {
      log_ = std::make_unique<NpyLog<T>>(series_.log_path, spec().weights(), iterate_);
    }
    log_first();
    remember_window_start();
  }
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  const size_t check_every = std::max<size_t>(1, kCheckWork / (spec().weights() * training_.batch_size));
  while (iterate_ < epochs * steps && stop_ == Stop::none) {
    if (training_.shuffle) order = permutation(rows, training_.seed, iterate_ / steps + 1);
    for (uint64_t s = iterate_ % steps; s < steps; ++s) {
      if (s % check_every == 0) control.check();
      const size_t first = s * training_.batch_size, end = std::min(rows, first + training_.batch_size);
      step(order.data() + first, end - first, order.data() + end, std::min(training_.batch_size, rows - end), threads,
           control);
      ++iterate_;
      if (in_series(iterate_)) {
        sample_.add(iterate_, [&](size_t weight) { return window_->value(iterate_, weight); });
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
    if (parts_[part]) result[part] = evaluate(static_cast<Part>(part), Scores::all, threads, control);
  }
  return result;
}

template <typename T>
Evaluation Trainer<T>::evaluate(Part part, Scores scores, int threads, const Control& control) const {
  if (std::is_same_v<T, float> || !training_.evaluate_in_single) {
    return network_.evaluate(*parts_[part], threads, control, scores);
  }
  Network<float> single(spec());
  single.copy_parameters(network_);
  return single.evaluate(*parts_[part], threads, control, scores);
}

/// One step of the network and its twin. What goes into the series is copied out piece by piece, while a piece is still
/// in the cache.
template <typename T>
void Trainer<T>::step(const uint32_t* rows, size_t count, const uint32_t* next, size_t next_count, int threads,
                      const Control& control) {
  const T rate = static_cast<T>(training_.learning_rate);
  const Samples<T>& samples = *parts_[kTrain];
  const uint64_t iterate = iterate_ + 1;
  const bool logged = in_series(iterate), in_pieces = logged && window_->in_pieces(iterate);
  T* row = !logged ? nullptr : in_pieces ? window_->row(iterate) : window_->whole_row(iterate);
  const bool streamed = row && !in_pieces && window_->bytes() > kCachedWindow;
  if (samples.sparse() && count > 2) {  // the order within a batch means nothing else
    samples.by_class(rows, count, batch_rows_);
    rows = batch_rows_.data();
  }
  network_.select(samples, rows, count, batch_);
  network_.begin_step(count, rate, work_);
  if (twin_) twin_->begin_step(count, rate, twin_work_);
  const size_t pieces = network_.pieces(batch_), of_inputs = batch_.pieces();
  const bool by_columns = batch_.by_columns();
  if (!by_columns) samples.prefetch(next, std::min(kPrefetchRows, next_count), 0, samples.columns());
  const bool shared = threads > 1 && count * spec().weights() >= kSharedStep;
  const bool owned = shared && threads == 2 && by_columns && of_inputs > 1;  // half of the first layer by each thread
  const size_t cut = of_inputs / 2;
  // Whoever updates a piece asks for a share of the next batch: of the columns that the thread will list.
  const auto ahead_of = [&](size_t piece) {
    const bool low = piece < cut;
    const size_t begin = owned && !low ? cut : 0, end = owned && low ? cut : of_inputs, width = batch_.piece_columns();
    const size_t from = next_count * (piece - begin) / (end - begin);
    const size_t to = next_count * (piece + 1 - begin) / (end - begin);
    return samples.ahead(next + from, to - from, begin * width, std::min(end * width, samples.columns()));
  };

  const auto gradients = [&](size_t block) {
    batch_.load(samples, block);
    network_.gradients(samples, rows, batch_, block, work_);
    if (twin_) twin_->gradients(samples, rows, batch_, block, twin_work_);
  };
  const auto update = [&](size_t piece) {
    thread_local ByteColumns columns;  // small enough to stay in the first-level cache from piece to piece
    RowsAhead ahead;
    if (by_columns && network_.of_inputs(piece)) ahead = ahead_of(piece - (pieces - of_inputs));
    network_.turn(samples, batch_, piece, columns);
    network_.update(batch_, piece, columns, work_, ahead);
    if (twin_) twin_->update(batch_, piece, columns, twin_work_);
    if (row && !(in_pieces && network_.of_inputs(piece))) {
      (twin_ ? *twin_ : network_).pack(batch_, piece, twin_ ? &network_ : nullptr, streamed, row);
    }
  };
  const auto fenced_update = [&](size_t piece) {
    update(piece);
    if (streamed) fence_stream();  // before another thread reads it; what this one wrote is fenced in close_window()
  };
  if (owned) {
    gradients_by_owners(rows, count, cut * batch_.piece_columns(), control);
    owners_.pieces(pieces - of_inputs, pieces - of_inputs + cut, pieces, control, fenced_update);
  } else if (shared) {
    parallel_for(batch_.blocks(), threads, control, gradients);
    parallel_for(pieces, threads, control, fenced_update);
  } else {
    for (size_t block = 0; block < batch_.blocks(); ++block) gradients(block);
    for (size_t piece = 0; piece < pieces; ++piece) update(piece);
  }
  if (in_pieces) {
    batch_.for_each_column(0, batch_.chunks(), [&](size_t input) {
      (twin_ ? *twin_ : network_).pack_input(input, twin_ ? &network_ : nullptr, window_->changed(iterate, input));
    });
  }
  if (row && log_) log_to_file(row);
}

/// The gradients of all blocks, by one thread for the weights of the inputs below `cut` and another for the rest, which
/// goes on with the sums of the first.
template <typename T>
void Trainer<T>::gradients_by_owners(const uint32_t* rows, size_t count, size_t cut, const Control& control) {
  const Samples<T>& samples = *parts_[kTrain];
  for (auto& half : halves_) network_.select(samples, rows, count, half);
  halves_[0].narrow(0, cut);
  halves_[1].narrow(cut, batch_.columns());
  const auto load = [&](size_t half, size_t block) { halves_[half].load(samples, block); };
  const auto sums = [&](size_t half, size_t block) {
    network_.first_sums(halves_[half], block, half > 0, work_);
    if (twin_) twin_->first_sums(halves_[half], block, half > 0, twin_work_);
  };
  const auto first = [&](size_t block) {
    load(0, block);
    sums(0, block);
  };
  const auto above = [&](size_t block, size_t part) {
    part == 0 ? network_.gradients_above(samples, rows, batch_, block, work_)
              : twin_->gradients_above(samples, rows, batch_, block, twin_work_);
  };
  owners_.chain(
      batch_.blocks(), twin_ ? 2 : 1, control, first, [&](size_t block) { load(1, block); },
      [&](size_t block) { sums(1, block); }, above);
}

/// Where the series begins, or is taken up again.
template <typename T>
void Trainer<T>::log_first() {
  T* row = window_->whole_row(iterate_);
  network_.pack(row);
  if (twin_) {
    twin_->pack(scratch_.data());
    for (size_t i = 0; i < scratch_.size(); ++i) row[i] = scratch_[i] - row[i];
  }
  if (log_) log_to_file(row);
  sample_.add(iterate_, [&](size_t weight) { return row[weight]; });
  logged_ = true;
}

template <typename T>
void Trainer<T>::log_to_file(const T* row) {
  for (size_t w = 0; w < scratch_.size(); ++w) scratch_[w] = row[packed_[w]];
  log_->append(scratch_.data());
}

/// Computes the exponents of the window that ends with this iterate, if one does.
template <typename T>
void Trainer<T>::close_window(int threads, const Control& control) {
  if (iterate_ + 1 != windows() * series_.stride + series_.window) return;
  fence_stream();
  const auto started = std::chrono::steady_clock::now();
  lyapunov_exponents<T>(window_->ending_at(iterate_), spec().weights(), series_.lyapunov, threads, control,
                        {window_exponents_.data(), window_statuses_.data()});
  exponents_.append([&](size_t w) { return window_exponents_[packed_[w]]; });
  for (size_t w = 0; w < missing_.size(); ++w) {
    missing_[w] += window_statuses_[packed_[w]] != static_cast<uint8_t>(SeriesStatus::kOk) ? 1 : 0;
  }
  lyapunov_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const Evaluation now = evaluate(series_.target, Scores::accuracy, threads, control);
  misclassification_.push_back(1 - static_cast<double>(now.correct) / static_cast<double>(now.rows));
  for (Snapshot& snapshot : snapshots_) {
    if (snapshot.windows == windows()) snapshot.missing = missing_;
  }
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
  const size_t began = series_.kind == SeriesKind::none ? 0 : (iterate_ + series_.stride - 1) / series_.stride;
  Snapshot now{iterate_, began, parameters(), {}, {}};
  if (began == windows()) now.missing = missing_;
  if (twin_) {
    now.twin_parameters.resize(spec().parameters());
    twin_->get_parameters(now.twin_parameters.data());
  }
  return now;
}

template <typename T>
TrainerState Trainer<T>::state() const {
  const bool mid_watch = in_series(iterate_ + 1) && !snapshots_.empty();
  const Snapshot at = mid_watch ? snapshots_.front() : snapshot();
  const size_t kept = mid_watch ? at.windows : windows();
  const size_t evaluations = std::min<size_t>(history_.size(), at.iterate / steps_per_epoch() * kParts);
  TrainerState state;
  state.iterate = at.iterate;
  state.stop = mid_watch ? Stop::none : stop_;
  state.parameters = at.parameters;
  state.twin_parameters = at.twin_parameters;
  state.exponents = exponents_.first(kept);
  state.missing = mid_watch ? at.missing : missing_;
  state.misclassification.assign(misclassification_.begin(), misclassification_.begin() + static_cast<ptrdiff_t>(kept));
  state.history.assign(history_.begin(), history_.begin() + static_cast<ptrdiff_t>(evaluations));
  state.sample = sample_.until(at.iterate);
  return state;
}

template <typename T>
bool Trainer<T>::fits(const TrainerState& state) const {
  return !in_series(state.iterate + 1) || state.iterate <= state.misclassification.size() * series_.stride;
}

template <typename T>
void Trainer<T>::restore(const TrainerState& state) {
  iterate_ = state.iterate;
  logged_ = false;
  snapshots_.clear();
  stop_ = state.stop;
  network_.set_parameters(state.parameters.data());
  if (twin_) twin_->set_parameters(state.twin_parameters.data());
  exponents_.assign(state.exponents, state.misclassification.size());
  missing_ = state.missing;
  misclassification_ = state.misclassification;
  history_ = state.history;
  sample_.assign(state.sample);
  log_.reset();
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace legcnet
