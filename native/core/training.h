// SGD with the weight series watched as it grows: iterates go into a window, each full window becomes one exponent per
// weight, and the network's accuracy at the window's end is noted beside it.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "control.h"
#include "exponent_table.h"
#include "lyapunov.h"
#include "network.h"
#include "npy_log.h"
#include "samples.h"
#include "series_sample.h"
#include "two_owners.h"
#include "weight_window.h"

namespace legcnet {

enum Part { kTrain = 0, kValidation = 1, kTest = 2, kParts = 3 };

struct TrainingOptions {
  size_t batch_size = 1;
  double learning_rate = 0.1;
  bool shuffle = true;
  uint64_t seed = 1;
  double until_accuracy = 2;  // above 1: never
  Part stop_part = kTrain;
  bool evaluate_every_epoch = true;  // else only when asked: Trainer::evaluate
  bool evaluate_in_single = false;   // evaluations in float, whatever the precision of training
};

enum class SeriesKind { none, weights, difference };

struct SeriesOptions {
  SeriesKind kind = SeriesKind::none;
  size_t perturbed_weight = 0;  // public index
  double perturbation = 1e-8;
  size_t window = 200;
  size_t stride = 180;
  uint64_t last_iterate = UINT64_MAX;  // the series ends with this iterate
  size_t expected_windows = 0;         // room for so many is made at once
  bool single_exponents = false;       // keep exponents as float
  Part target = kTrain;
  LyapunovOptions lyapunov;
  std::vector<uint32_t> sample;  // public indices of the weights whose series are kept, thinned out
  std::string log_path;          // also write every iterate here, public order; empty: do not
};

enum class Stop { none, epochs, accuracy, diverged };

/// Where a training can be taken up again: at an iterate where a window begins, or any iterate when nothing is watched.
/// The window of iterates is not part of it; what came after the iterate is computed again, to the same bits.
struct TrainerState {
  uint64_t iterate = 0;
  Stop stop = Stop::none;
  std::vector<double> parameters, twin_parameters;  // public order
  ExponentTable::Values exponents;                  // [weights, windows that began before the iterate]
  std::vector<int32_t> missing;                     // [weights] how many of them have none
  std::vector<double> misclassification;            // [the same windows]
  std::vector<Evaluation> history;                  // [epochs that ended by then, parts]
  SeriesSample::Values sample;                      // up to the iterate
};

template <typename T>
class Trainer {
 public:
  using Parts = std::array<std::shared_ptr<const Samples<T>>, kParts>;  // a part may be missing, not the first

  /// parameters: public order. mask: one byte a weight, public order, or empty.
  Trainer(const NetworkSpec& spec, const TrainingOptions& training, const SeriesOptions& series, const Parts& parts,
          const std::vector<double>& parameters, const std::vector<uint8_t>& mask);

  /// Trains until `epochs` epochs are done in all, or the accuracy is reached, or the loss is not a number.
  /// control.done counts steps. When cancelled, the trainer is of no further use but for restore().
  void run(uint64_t epochs, int threads, Control& control);

  /// Every part there is, now. [parts]
  std::vector<Evaluation> evaluate(int threads, const Control& control) const;

  TrainerState state() const;
  /// Whether the watch can go on from there: not if a window began before it and is still open, whose iterates nobody
  /// has.
  bool fits(const TrainerState& state) const;
  /// requires: fits(state)
  void restore(const TrainerState& state);
  bool has_twin() const { return twin_ != nullptr; }

  const NetworkSpec& spec() const { return network_.spec(); }
  uint64_t steps_per_epoch() const;
  uint64_t epochs() const { return iterate_ / steps_per_epoch(); }
  Stop stop() const { return stop_; }
  std::vector<double> parameters() const;
  size_t windows() const { return misclassification_.size(); }
  /// [weights, windows], public order of weights. Takes them away: to be asked for once, at the end.
  ExponentTable::Values take_exponents() { return exponents_.take(); }
  /// [weights] windows that have no exponent (0 stands for it).
  const std::vector<int32_t>& missing_exponents() const { return missing_; }
  /// Wall time spent on exponents by this object.
  double lyapunov_seconds() const { return lyapunov_seconds_; }
  const std::vector<double>& misclassification() const { return misclassification_; }
  const std::vector<Evaluation>& history() const { return history_; }
  /// The series of SeriesOptions::sample.
  const SeriesSample& sample() const { return sample_; }

 private:
  /// Parameters at the beginning of a window.
  struct Snapshot {
    uint64_t iterate;
    size_t windows;  // that began before it
    std::vector<double> parameters, twin_parameters;
    std::vector<int32_t> missing;  // in those windows; known when the last of them has closed
  };

  void go_on(uint64_t epochs, int threads, Control& control);
  bool in_series(uint64_t iterate) const { return series_.kind != SeriesKind::none && iterate <= series_.last_iterate; }
  /// `next`: the rows of the step after it.
  void step(const uint32_t* rows, size_t count, const uint32_t* next, size_t next_count, int threads,
            const Control& control);
  void gradients_by_owners(const uint32_t* rows, size_t count, size_t cut, const Control& control);
  void log_first();
  void log_to_file(const T* row);
  void close_window(int threads, const Control& control);
  void remember_window_start();
  Evaluation evaluate(Part part, Scores scores, int threads, const Control& control) const;
  Snapshot snapshot() const;

  TrainingOptions training_;
  SeriesOptions series_;
  Parts parts_;
  Network<T> network_;
  std::unique_ptr<Network<T>> twin_;
  InputBatch<T> batch_;
  InputBatch<T> halves_[2];  // its columns, for two owners
  TwoOwners owners_;
  typename Network<T>::Workspace work_, twin_work_;
  std::vector<uint32_t> batch_rows_;
  std::unique_ptr<WeightWindow<T>> window_;
  std::unique_ptr<NpyLog<T>> log_;
  std::vector<T> scratch_;          // the twin's packed weights; a row in public order
  std::vector<size_t> packed_;      // [weights] where a weight, public order, is in packed order
  uint64_t iterate_ = 0;            // steps done
  bool logged_ = false;             // whether the iterate is in the window yet
  std::deque<Snapshot> snapshots_;  // three at most
  Stop stop_ = Stop::none;
  ExponentTable exponents_;
  std::vector<double> window_exponents_;  // [weights] packed order, of the window that closes
  std::vector<uint8_t> window_statuses_;
  std::vector<int32_t> missing_;
  std::vector<double> misclassification_;
  std::vector<Evaluation> history_;
  SeriesSample sample_;
  double lyapunov_seconds_ = 0;
};

}  // namespace legcnet
