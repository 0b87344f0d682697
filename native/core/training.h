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
#include "lyapunov.h"
#include "network.h"
#include "npy_log.h"
#include "samples.h"
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
};

enum class SeriesKind { none, weights, difference };

struct SeriesOptions {
  SeriesKind kind = SeriesKind::none;
  size_t perturbed_weight = 0;  // public index
  double perturbation = 1e-8;
  size_t window = 200;
  size_t stride = 180;
  uint64_t last_iterate = UINT64_MAX;  // the series ends with this iterate
  Part target = kTrain;
  LyapunovOptions lyapunov;
  std::string log_path;  // also write every iterate here, public order; empty: do not
};

enum class Stop { none, epochs, accuracy, diverged };

/// Where a training can be taken up again: at an iterate where a window begins, or any iterate when nothing is watched.
/// The window of iterates is not part of it; what came after the iterate is computed again, to the same bits.
struct TrainerState {
  uint64_t iterate = 0;
  Stop stop = Stop::none;
  std::vector<double> parameters, twin_parameters;  // public order
  std::vector<double> exponents;                    // [windows that began before the iterate, weights] packed order
  std::vector<uint8_t> statuses;                    // the same shape
  std::vector<double> misclassification;            // [the same windows]
  std::vector<Evaluation> history;                  // [epochs that ended by then, parts]
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
  void restore(const TrainerState& state);
  bool has_twin() const { return twin_ != nullptr; }

  const NetworkSpec& spec() const { return network_.spec(); }
  uint64_t steps_per_epoch() const;
  uint64_t epochs() const { return iterate_ / steps_per_epoch(); }
  Stop stop() const { return stop_; }
  std::vector<double> parameters() const;
  size_t windows() const { return misclassification_.size(); }
  /// [weights, windows], public order of weights.
  std::vector<double> exponents() const;
  /// [weights] windows that have no exponent (0 stands for it).
  std::vector<int32_t> missing_exponents() const;
  /// Wall time spent on exponents by this object.
  double lyapunov_seconds() const { return lyapunov_seconds_; }
  const std::vector<double>& misclassification() const { return misclassification_; }
  const std::vector<Evaluation>& history() const { return history_; }

 private:
  bool watching() const { return series_.kind != SeriesKind::none && iterate_ <= series_.last_iterate; }
  void step(const uint32_t* rows, size_t count, int threads, const Control& control);
  void log_iterate();
  void close_window(int threads, const Control& control);
  void remember_window_start();

  /// Parameters at the beginning of a window.
  struct Snapshot {
    uint64_t iterate;
    std::vector<double> parameters, twin_parameters;
  };
  Snapshot snapshot() const;

  TrainingOptions training_;
  SeriesOptions series_;
  Parts parts_;
  Network<T> network_;
  std::unique_ptr<Network<T>> twin_;
  std::unique_ptr<WeightWindow<T>> window_;
  std::unique_ptr<NpyLog<T>> log_;
  std::vector<T> scratch_;          // the twin's packed weights; a row in public order
  uint64_t iterate_ = 0;            // steps done
  bool logged_ = false;             // whether the iterate is in the window yet
  std::deque<Snapshot> snapshots_;  // three at most
  Stop stop_ = Stop::none;
  std::vector<double> exponents_;
  std::vector<uint8_t> statuses_;
  std::vector<double> misclassification_;
  std::vector<Evaluation> history_;
  double lyapunov_seconds_ = 0;
};

}  // namespace legcnet
