#include "training.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "random.h"

using namespace legcnet;

namespace {

std::shared_ptr<Samples<double>> blobs(size_t rows) {
  Random random(1);
  auto samples = std::make_shared<Samples<double>>(3, 1);
  for (size_t i = 0; i < rows; ++i) {
    const double y = static_cast<double>(i % 2);
    const double x[] = {random.normal() + y, random.normal() - y, random.normal()};
    samples->append(x, &y, 1, 1.0);
  }
  return samples;
}

Trainer<double> make(const SeriesOptions& series, const Trainer<double>::Parts& parts) {
  NetworkSpec spec;
  spec.sizes = {3, 4, 1};
  TrainingOptions training;
  training.batch_size = 4;
  training.learning_rate = 0.5;
  return Trainer<double>(spec, training, series, parts, initial_parameters(spec, Initialisation::glorot, 3), {});
}

/// Images of mostly black pixels in four classes, as bytes.
template <typename T>
std::shared_ptr<Samples<T>> images(size_t rows, size_t columns) {
  Random random(2);
  auto samples = std::make_shared<Samples<T>>(columns, 4);
  std::vector<uint8_t> pixels(columns);
  for (size_t i = 0; i < rows; ++i) {
    std::vector<double> y(4, 0.0);
    y[i % 4] = 1;
    for (size_t c = 0; c < columns; ++c) {
      const bool bright = random.uniform() < (c % 4 == i % 4 ? 0.5 : 0.1);
      pixels[c] = bright ? static_cast<uint8_t>(1 + 254 * random.uniform()) : 0;
    }
    samples->append(pixels.data(), y.data(), 1, 1.0 / 255);
  }
  return samples;
}

SeriesOptions watching(SeriesKind kind, double perturbation) {
  SeriesOptions series;
  series.kind = kind;
  series.perturbation = perturbation;
  series.window = 20;
  series.stride = 7;
  return series;
}

}  // namespace

TEST_CASE("a twin that starts at the same place stays there") {
  Trainer<double>::Parts parts;
  parts[kTrain] = blobs(50);
  SeriesOptions series = watching(SeriesKind::difference, 0);
  series.last_iterate = 77;  // so that the state is that of the end
  Trainer<double> trainer = make(series, parts);
  Control control;
  trainer.run(6, 1, control);
  const TrainerState state = trainer.state();
  CHECK(state.parameters == state.twin_parameters);
  REQUIRE(trainer.windows() > 3);
  for (const int32_t missing : state.missing) CHECK(missing == static_cast<int32_t>(trainer.windows()));
}

TEST_CASE("windows close when their last iterate is there") {
  Trainer<double>::Parts parts;
  parts[kTrain] = blobs(50);  // 13 steps an epoch
  Trainer<double> trainer = make(watching(SeriesKind::weights, 0), parts);
  Control control;
  trainer.run(1, 1, control);
  CHECK(trainer.windows() == 0);  // iterates 0..13
  trainer.run(3, 1, control);     // iterates 0..39: windows end at 19, 26, 33
  CHECK(trainer.windows() == 3);
}

TEST_CASE("resuming from a state gives the same bits") {
  Trainer<double>::Parts parts;
  parts[kTrain] = blobs(60);  // 15 steps an epoch
  parts[kTest] = blobs(20);
  for (const size_t stride : {3, 7, 20, 33}) {
    for (const uint64_t last : {uint64_t{70}, UINT64_MAX}) {
      for (const uint64_t pause : {1, 2, 4, 5, 6, 8}) {
        CAPTURE(stride);
        CAPTURE(last);
        CAPTURE(pause);
        SeriesOptions series = watching(SeriesKind::difference, 1e-8);
        series.stride = stride;
        series.last_iterate = last;
        series.sample = {15, 3};
        Control control;
        Trainer<double> whole = make(series, parts), first = make(series, parts), second = make(series, parts);
        whole.run(9, 2, control);
        first.run(pause, 1, control);
        const TrainerState halfway = first.state();
        CHECK(halfway.iterate + 2 * series.window >= std::min<uint64_t>(pause * 15, last));
        second.restore(halfway);
        second.run(9, 1, control);
        CHECK(whole.parameters() == second.parameters());
        CHECK(whole.take_exponents() == second.take_exponents());
        CHECK(whole.missing_exponents() == second.missing_exponents());
        CHECK(whole.sample().by_column() == second.sample().by_column());
        CHECK(whole.misclassification() == second.misclassification());
        REQUIRE(whole.history().size() == second.history().size());
        for (size_t i = 0; i < whole.history().size(); ++i) CHECK(whole.history()[i].loss == second.history()[i].loss);
      }
    }
  }
}

TEST_CASE("a sample never has more iterates than it may, evenly spaced from the first") {
  const auto value = [](uint64_t i, size_t column) { return static_cast<double>(column == 0 ? i : 2 * i); };
  for (const uint64_t last : {0, 1, 1999, 2000, 2001, 3999, 4000, 50000}) {
    CAPTURE(last);
    SeriesSample sample({2, 0}), resumed({2, 0});
    for (uint64_t i = 0; i <= last; ++i) {
      sample.add(i, [&](size_t column) { return value(i, column); });
      sample.add(i, [&](size_t column) { return value(i, column); });  // as after restore()
    }
    resumed.assign(sample.until(last / 3));
    for (uint64_t i = last / 3; i <= last; ++i) {
      resumed.add(i, [&](size_t column) { return value(i, column); });
    }
    const std::vector<float> series = sample.by_column();
    CHECK(series == resumed.by_column());
    CHECK(sample.every() == resumed.every());
    const size_t kept = series.size() / 2;
    CHECK(kept == last / sample.every() + 1);
    CHECK(kept <= SeriesSample::kMost);
    CHECK((sample.every() == 1 || kept > SeriesSample::kMost / 2));
    for (size_t i = 0; i < kept; ++i) {
      CHECK(series[i] == static_cast<float>(2 * i * sample.every()));
      CHECK(series[kept + i] == static_cast<float>(i * sample.every()));
    }
  }
}

TEST_CASE("a loss that is not a number stops training") {
  Trainer<double>::Parts parts;
  auto samples = std::make_shared<Samples<double>>(1, 1);
  const double x[] = {1, 2}, y[] = {3, -5};
  samples->append(x, y, 2, 1.0);
  parts[kTrain] = samples;
  NetworkSpec spec;
  spec.sizes = {1, 2, 1};
  spec.hidden = spec.output = Activation::linear;
  TrainingOptions training;
  training.learning_rate = 100;
  Trainer<double> trainer(spec, training, {}, parts, {1, 1, 1, 1, 0, 0, 0}, {});
  Control control;
  trainer.run(1000, 1, control);
  CHECK(trainer.stop() == Stop::diverged);
  CHECK(trainer.epochs() < 1000);
}

TEST_CASE_TEMPLATE("batches of images: the same bits for any number of threads", T, double, float) {
  constexpr size_t kColumns = 300;  // five pieces of the update, the last of 44 columns
  typename Trainer<T>::Parts parts;
  parts[kTrain] = images<T>(517, kColumns);  // the last batch: 5
  NetworkSpec spec;
  spec.sizes = {kColumns, 20, 4};
  TrainingOptions training;
  training.learning_rate = 0.5;
  for (const size_t batch : {64, 101, 128, 256}) {
    for (const SeriesKind kind : {SeriesKind::none, SeriesKind::difference}) {
      training.batch_size = batch;
      SeriesOptions series = watching(kind, 1e-8);
      series.perturbed_weight = 3;
      std::vector<double> parameters, exponents;
      for (const int threads : {1, 2, 3}) {
        Trainer<T> trainer(spec, training, series, parts, initial_parameters(spec, Initialisation::glorot, 3), {});
        Control control;
        trainer.run(6, threads, control);
        const auto found = std::get<std::vector<double>>(trainer.take_exponents());
        if (threads == 1) {
          parameters = trainer.parameters();
          exponents = found;
          CHECK(exponents.empty() == (kind == SeriesKind::none || batch == 256));  // of 18 steps no window closes
        } else {
          CHECK(trainer.parameters() == parameters);
          CHECK(found == exponents);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("batches of images: what is pruned stays 0, and nothing else", T, double, float) {
  constexpr size_t kColumns = 300;
  typename Trainer<T>::Parts parts;
  parts[kTrain] = images<T>(101, kColumns);
  NetworkSpec spec;
  spec.sizes = {kColumns, 20, 4};
  std::vector<uint8_t> mask(spec.weights());
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = i % 3 == 0 ? 0 : 1;
  for (const size_t batch : {1, 2, 3, 16, 101}) {
    TrainingOptions training;
    training.batch_size = batch;
    training.learning_rate = 0.1;
    Trainer<T> trainer(spec, training, {}, parts, initial_parameters(spec, Initialisation::gaussian, 3), mask);
    const auto before = trainer.parameters();
    Control control;
    trainer.run(2, 1, control);
    const auto after = trainer.parameters();
    for (size_t i = 0; i < mask.size(); ++i) {
      REQUIRE((after[i] == 0) == (mask[i] == 0));
      REQUIRE((after[i] == before[i]) == (mask[i] == 0));
    }
  }
}

TEST_CASE("cancelling stops a run") {
  Trainer<double>::Parts parts;
  parts[kTrain] = blobs(50);
  Trainer<double> trainer = make({}, parts);
  Control control;
  control.cancelled = true;
  CHECK_THROWS_AS(trainer.run(5, 2, control), Cancelled);
}

TEST_CASE("permutations hold every index once, and differ by epoch") {
  const auto a = permutation(1000, 5, 1), b = permutation(1000, 5, 2);
  std::vector<bool> seen(1000, false);
  for (const uint32_t i : a) seen[i] = true;
  for (const bool s : seen) CHECK(s);
  CHECK(a != b);
  CHECK(a == permutation(1000, 5, 1));
}
