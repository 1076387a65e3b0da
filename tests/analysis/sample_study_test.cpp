#include "analysis/sample_study.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hourglass/core/error.hpp"
#include "nn/network.hpp"
#include "support/hdf5_files.hpp"
#include "support/small_model.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 300;
constexpr Index columns = 3;

std::vector<float> samples() {
  std::vector<float> values;
  for (Index i = 0; i < rows * columns; ++i)
    values.push_back(static_cast<float>(std::sin(0.1 * static_cast<double>(i))));
  return values;
}

Model model_of_three() {
  AutoencoderSpec spec;
  spec.encoder = {columns, 2};
  return small_model(spec);
}

TEST(StudySamples, takes_evenly_spaced_samples) {
  const TemporaryFolder folder;
  const DatasetReader reader(write_dataset<float>(folder.file("x.h5"), {rows, columns}, samples()));
  const SampleStudy study = study_samples(model_of_three(), reader, 4);
  EXPECT_EQ(study.rows, (std::vector<Index>{0, 75, 150, 225}));
  EXPECT_EQ(study.available, rows);
  EXPECT_EQ(study.features, columns);
  EXPECT_EQ(study.code_size, 2);
  EXPECT_TRUE(study.labels.empty());
  EXPECT_EQ(study_samples(model_of_three(), reader, 1000).size(), rows);
}

TEST(StudySamples, holds_what_the_model_makes_of_them) {
  const TemporaryFolder folder;
  const std::vector<float> x = samples();
  const DatasetReader reader(write_dataset<float>(folder.file("x.h5"), {rows, columns}, x));
  const Model model = model_of_three();
  const SampleStudy study = study_samples(model, reader, 200);  // more than one batch
  Workspace workspace = model.network->make_workspace(1);
  for (Index i = 0; i < study.size(); ++i) {
    const Index row = study.rows[static_cast<std::size_t>(i)];
    const ConstMatrix sample(x.data() + row * columns, 1, columns);
    const ConstMatrix code = model.network->encode(model.parameters.data(), sample, workspace);
    for (Index c = 0; c < 2; ++c) EXPECT_NEAR(study.codes_view()(i, c), code(0, c), 1e-6);
    const ConstMatrix y = model.network->reconstruct(model.parameters.data(), sample, workspace);
    double error = 0;
    for (Index c = 0; c < columns; ++c) {
      EXPECT_EQ(study.originals_view()(i, c), sample(0, c));
      EXPECT_NEAR(study.reconstructions_view()(i, c), y(0, c), 1e-6);
      error += std::pow(y(0, c) - sample(0, c), 2);
    }
    EXPECT_NEAR(study.errors[static_cast<std::size_t>(i)], error, 1e-5);
  }
}

TEST(StudySamples, reads_the_labels_of_the_same_rows) {
  const TemporaryFolder folder;
  const DatasetReader reader(write_dataset<float>(folder.file("x.h5"), {rows, columns}, samples()));
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(2 * i));
  const auto address = write_dataset<std::int32_t>(folder.file("labels.h5"), {rows}, labels);
  EXPECT_EQ(study_samples(model_of_three(), reader, 3, address).labels,
            (std::vector<std::int64_t>{0, 200, 400}));
}

TEST(StudySamples, refuses_samples_of_another_width) {
  const TemporaryFolder folder;
  const DatasetReader reader(
      write_dataset<float>(folder.file("x.h5"), {2, 2}, std::vector<float>(4)));
  EXPECT_THROW(static_cast<void>(study_samples(model_of_three(), reader, 2)), Error);
}

TEST(SampleStudy, orders_samples_by_their_error) {
  SampleStudy study;
  study.rows = {10, 20, 30, 40};
  study.errors = {2, 1, 2, 0.5};
  EXPECT_EQ(study.by_error(), (std::vector<Index>{3, 1, 0, 2})) << "equal ones in their order";
}

}  // namespace
}  // namespace hourglass
