#include <gtest/gtest.h>

#include <cmath>

#include "analysis/probe.hpp"
#include "analysis/sample_file.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 60;
constexpr Index columns = 3;

// Three classes: the largest feature is that of the class.
std::vector<float> samples() {
  std::vector<float> values;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) {
      values.push_back((r % columns == c ? 1.0F : 0.0F) +
                       0.2F * static_cast<float>(std::sin(static_cast<double>(r * 7 + c))));
    }
  }
  return values;
}

std::vector<std::int32_t> labels() {
  std::vector<std::int32_t> all;
  for (Index r = 0; r < rows; ++r) all.push_back(static_cast<std::int32_t>(r % columns));
  return all;
}

ProbeSettings quick() {
  ProbeSettings settings;
  settings.epochs = 40;
  settings.batch = 16;
  settings.micro_batch = 4;  // four shards
  settings.schedule.learning_rate = 0.05;
  return settings;
}

ProbeResult probed(const Communicator& communicator, const Model* model, const SampleFile& file,
                   const ProbeSettings& settings, Index threads = 1) {
  WorkerPool pool(threads);
  const DatasetReader reader = file.reader();
  const LabelledData data{&reader, {}, labels()};
  Index told = 0;
  const ProbeResult result = probe(communicator, model, data, data, settings, pool,
                                   [&](Index epoch, double, double) { EXPECT_EQ(epoch, ++told); });
  EXPECT_EQ(told, settings.epochs);
  return result;
}

void expect_perfect(const ProbeResult& result) {
  EXPECT_EQ(result.classes, 3);
  EXPECT_EQ(result.validation_samples, rows);
  EXPECT_EQ(result.accuracy, 1);
  EXPECT_EQ(result.training_accuracy, 1);
  EXPECT_LT(result.loss, std::log(3.0) / 2) << "of guessing it is ln 3";
  EXPECT_EQ(result.confusion, (std::vector<Index>{20, 0, 0, 0, 20, 0, 0, 0, 20}));
}

TEST(ProbeMpi, tells_classes_by_samples_by_codes_and_by_fine_tuned_codes) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  expect_perfect(probed(world, nullptr, file, quick()));
  AutoencoderSpec spec;
  spec.encoder = {columns, columns};
  Model model = small_model(spec);
  set_tensor(model, "encoder/0/weight", {2, 0, 0, 0, 2, 0, 0, 0, 2});
  expect_perfect(probed(world, &model, file, quick()));
  ProbeSettings tuned = quick();
  tuned.fine_tune = true;
  expect_perfect(probed(world, &model, file, tuned));
}

TEST(ProbeMpi, of_a_code_that_tells_nothing_is_guessing) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 2};
  Model model = small_model(spec);
  set_tensor(model, "encoder/0/weight", std::vector<float>(6));
  const ProbeResult result = probed(world, &model, file, quick());
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0 / 3);
  EXPECT_NEAR(result.loss, std::log(3.0), 0.05);
}

TEST(ProbeMpi, uses_so_many_labels_as_asked_for) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  ProbeSettings settings = quick();
  settings.label_fraction = 0.4;
  EXPECT_EQ(probed(world, nullptr, file, settings).training_samples, 24);
}

TEST(ProbeMpi, has_the_same_bits_on_any_number_of_ranks_and_threads) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 4, 2};
  const Model model = small_model(spec);
  ProbeSettings settings = quick();
  settings.epochs = 3;
  settings.label_fraction = 0.7;
  const ProbeResult all = probed(world, &model, file, settings, 2);
  const ProbeResult alone = probed(Communicator::self(), &model, file, settings, 1);
  EXPECT_EQ(all.loss, alone.loss);
  EXPECT_EQ(all.training_accuracy, alone.training_accuracy);
  EXPECT_EQ(all.confusion, alone.confusion);
}

}  // namespace
}  // namespace hourglass
