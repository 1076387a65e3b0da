#include "hourglass/run/trained_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "data/data_identity.hpp"
#include "engine/inference.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/data/samples.hpp"
#include "nn/initializer.hpp"
#include "nn/network.hpp"
#include "run/model_file.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/hdf5_files.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

constexpr Index rows = 300;
constexpr Index features = 24;
constexpr Index code_size = 5;

// A network of random weights over uint8 samples, as a run writes it: in micro-batches of 64.
class TrainedModelTest : public testing::Test {
 protected:
  TrainedModelTest() {
    std::vector<std::uint8_t> pixels(rows * features);
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(i * 37 % 256);
    data_ = to_string(write_dataset(folder_.file("data.h5"), {rows, features}, pixels));
    write_model(path_, {});
  }

  static TrainConfig configuration(const std::string& more = "") {
    TrainConfig config;
    apply_text("layers = 24,11,5\nmicro-batch = 64\nbatch = 256\nactivation = tanh\n", "test",
               config);
    apply_text(more, "test", config);
    return config;
  }

  void write_model(const std::string& path, const std::map<std::string, std::int64_t>& position,
                   const std::string& more = "") {
    TrainConfig config = configuration(more);
    config.model.conditions = conditions_;
    const Autoencoder network(config.model);
    Buffer<float> parameters(network.layout().size());
    initialize(network.layout(), network.roles(), config.initialization, 3, parameters.span());
    for (const Tensor& tensor : network.layout().tensors()) {
      // Initially 0.
      for (Index i = 0; tensor.name.ends_with("/condition") && i < tensor.size; ++i)
        parameters[tensor.offset + i] = std::sin(static_cast<float>(i));
    }
    StateHeader header;
    header.configuration = to_text(config);
    header.texts["tool_version"] = "any";
    store_conditions(conditions_, header);
    if (knows_data_) {
      DataIdentity identity;
      identity.type = ElementType::u8;
      identity.sample_shape = {features};
      identity.range.lowest = 0;
      identity.range.highest = 255;
      identity.range.rows = rows;
      for (Index f = 0; f < features; ++f)
        identity.feature_names.push_back("f" + std::to_string(f));
      store_identity(identity, header.texts);
    }
    header.position = position;
    InputTransform transform;
    transform.divisor = 255;
    transform.mean.assign(features, 0.25F);
    transform.inverse_deviation.assign(features, 3.0F);
    store_transform(transform, header);
    header.doubles["/history/epoch"] = {1, 2};
    header.doubles["/history/step"] = {4, 8};
    header.doubles["/history/loss"] = {0.5, 0.25};
    header.doubles["/history/sse"] = {2, 1};
    header.doubles["/history/validation_sse"] = {std::nan(""), 1.5};
    header.doubles["/history/learning_rate"] = {0.1, 0.2};
    const auto tensors = stored_tensors(network.layout());
    std::vector<StoredArena> arenas = {
        {"/model", tensors, {{0, parameters.size()}}, {parameters.data()}}};
    if (!position.empty()) {
      header.doubles["/position/epoch_loss"] = {1};
      arenas.push_back({"/optimizer/mean", tensors, {{0, parameters.size()}}, {parameters.data()}});
    }
    write_state_file(one_rank(), path, header, arenas);
  }

  // What the program's commands compute from the data set.
  template <class Infer>
  [[nodiscard]] OwnedMatrix by_the_program(Index columns, Index micro_batch, Infer infer) const {
    const Model model = load_model(path_);
    const DatasetReader reader(parse_address(data_));
    const InferencePlan plan{rows, micro_batch, true};
    WorkerPool pool(2);
    std::vector<Workspace> workspaces;
    for (int w = 0; w < 2; ++w) workspaces.push_back(model.network->make_workspace(micro_batch));
    OwnedMatrix result(rows, columns);
    for_each_micro_batch(reader, model.transform, plan, {0, plan.micro_batches()}, pool,
                         [&](Index worker, Range part, ConstMatrix x) {
                           const ConstMatrix y =
                               infer(model, x, workspaces[static_cast<std::size_t>(worker)]);
                           for (Index r = 0; r < part.size(); ++r) {
                             for (Index c = 0; c < columns; ++c)
                               result(part.begin + r, c) = y(r, c);
                           }
                         });
    return result;
  }

  static void expect_equal(const OwnedMatrix& one, const OwnedMatrix& other) {
    ASSERT_EQ(one.rows(), other.rows());
    ASSERT_EQ(one.columns(), other.columns());
    EXPECT_TRUE(std::ranges::equal(one.values(), other.values()));
  }

  TemporaryFolder folder_;
  bool knows_data_ = false;  // models remember the data of their training
  std::vector<Condition> conditions_;
  std::string path_ = folder_.file("model.h5");
  std::string data_;
};

// Of data with their channels first, all numbers of a sample have that order; the codes are those
// of the same model and the same images with the channels last.
TEST_F(TrainedModelTest, keeps_the_order_of_channels_of_its_data) {
  const std::string layers = "layers = 4x2x3,conv:2x3,5\n";
  write_model(path_, {}, layers);
  write_model(folder_.file("first.h5"), {}, layers + "channels = first\n");
  const TrainedModel last = TrainedModel::load(path_);
  const TrainedModel first = TrainedModel::load(folder_.file("first.h5"));
  constexpr Index channels = 3;
  constexpr Index places = features / channels;
  OwnedMatrix samples(7, features);
  OwnedMatrix moved(7, features);
  const auto expect_moved = [&](const OwnedMatrix& stored, const OwnedMatrix& of_network) {
    for (Index r = 0; r < stored.rows(); ++r) {
      for (Index f = 0; f < features; ++f)
        ASSERT_EQ(stored(r, f % channels * places + f / channels), of_network(r, f));
    }
  };
  for (Index r = 0; r < samples.rows(); ++r) {
    for (Index f = 0; f < features; ++f) {
      moved(r, f) = static_cast<float>((r * 31 + f * 7) % 100);
      samples(r, f % channels * places + f / channels) = moved(r, f);
    }
  }
  expect_equal(first.encode(samples), last.encode(moved));
  expect_moved(first.normalize(samples), last.normalize(moved));
  expect_moved(first.reconstruct(samples), last.reconstruct(moved));
  expect_moved(first.decode(first.encode(samples)), last.decode(last.encode(moved)));
  EXPECT_EQ(first.squared_errors(samples), last.squared_errors(moved));
}

TEST_F(TrainedModelTest, is_told_the_conditions_of_samples) {
  conditions_ = {{"batch", {"a", "b"}}, {"donor", {"x", "y", "z"}}};
  write_model(path_, {});
  const TrainedModel model = TrainedModel::load(path_);
  EXPECT_EQ(model.conditions(),
            (SampleConditions{{"batch", {"a", "b"}}, {"donor", {"x", "y", "z"}}}));
  const OwnedMatrix samples = read_samples(data_);
  InferenceSettings settings;
  settings.threads = 2;
  settings.conditions["donor"] = {"y"};
  std::vector<std::int32_t> table;
  for (Index r = 0; r < rows; ++r) {
    settings.conditions["batch"].push_back(r % 3 == 0 ? "" : r % 3 == 1 ? "a" : "b");
    table.insert(table.end(), {static_cast<std::int32_t>(r % 3 - 1), 3});
  }
  // As the commands compute them.
  const Model loaded = load_model(path_, true);
  Workspace workspace = loaded.network->make_workspace(64);
  const OwnedMatrix x = model.normalize(samples);
  OwnedMatrix expected(rows, code_size);
  for (Index begin = 0; begin < rows; begin += 64) {
    const Range part{begin, std::min(rows, begin + 64)};
    workspace.set_conditions(conditions_of(table, rows, part));
    OwnedMatrix filled(64, features);
    std::ranges::copy(x.values().subspan(static_cast<std::size_t>(begin * features),
                                         static_cast<std::size_t>(part.size() * features)),
                      filled.values().begin());
    const ConstMatrix codes = loaded.network->encode(loaded.parameters.data(), filled, workspace);
    for (Index r = 0; r < part.size(); ++r)
      std::ranges::copy(codes.row(r), expected.view().row(begin + r).begin());
  }
  expect_equal(model.encode(samples, settings), expected);
  EXPECT_NE(model.encode(samples)(0, 0), expected(0, 0)) << "an unknown donor";
  InferenceSettings of_b = settings;
  of_b.conditions["batch"] = {"b"};
  settings.decoder_conditions["batch"] = {"b"};
  expect_equal(model.reconstruct(samples, settings), model.decode(expected, of_b));
  EXPECT_NE(model.squared_errors(samples, settings), model.squared_errors(samples, of_b));

  settings.conditions["donor"] = {"v"};
  expect_error(ErrorKind::data, "row 0 has the category 'v' of donor, which the model has not seen",
               [&] { static_cast<void>(model.encode(samples, settings)); });
  settings.conditions["donor"] = {"x", "y"};
  expect_error(ErrorKind::usage, "condition donor: 2 categories of 300 rows",
               [&] { static_cast<void>(model.encode(samples, settings)); });
  settings.conditions = {{"age", {"1"}}};
  expect_error(ErrorKind::usage, "the model has no condition age",
               [&] { static_cast<void>(model.encode(samples, settings)); });
}

TEST_F(TrainedModelTest, compares_values_with_those_of_the_training) {
  knows_data_ = true;
  write_model(folder_.file("knows.h5"), {});
  const TrainedModel model = TrainedModel::load(folder_.file("knows.h5"));
  const OwnedMatrix samples = read_samples(data_);
  OwnedMatrix divided(rows, features);
  OwnedMatrix small(rows, features);
  for (Index r = 0; r < rows; ++r) {
    for (Index f = 0; f < features; ++f) {
      divided(r, f) = samples(r, f) / 255.0F;
      small(r, f) = samples(r, f) / 2048.0F - 0.01F;
    }
  }
  const OwnedMatrix codes = model.encode(samples);
  const OwnedMatrix same = model.encode(divided);
  for (Index r = 0; r < rows; ++r) {
    for (Index k = 0; k < code_size; ++k) EXPECT_NEAR(same(r, k), codes(r, k), 1e-5F);
  }
  InferenceSettings as_they_are;
  as_they_are.data_scale = 1;
  EXPECT_GT(std::abs(model.encode(divided, as_they_are)(0, 0) - codes(0, 0)), 1e-3F);
  expect_error(ErrorKind::data, "give InferenceSettings::data_scale",
               [&] { static_cast<void>(model.encode(small)); });
  as_they_are.data_scale = -1;
  expect_error(ErrorKind::usage, "data_scale is -1",
               [&] { static_cast<void>(model.normalize(samples, as_they_are)); });
}

TEST_F(TrainedModelTest, reads_samples_as_the_commands_do) {
  knows_data_ = true;
  write_model(folder_.file("knows.h5"), {});
  const TrainedModel model = TrainedModel::load(folder_.file("knows.h5"));
  const OwnedMatrix samples = read_samples(data_);
  expect_equal(model.read_samples(data_), samples);
  std::vector<float> turned;
  std::vector<std::string> names;
  for (Index f = features - 1; f >= 0; --f) names.push_back("f" + std::to_string(f));
  for (Index r = 0; r < rows; ++r) {
    for (Index f = features - 1; f >= 0; --f) turned.push_back(samples(r, f) / 255.0F);
  }
  const DatasetSpec spec{"/x", {rows, features},          ElementType::f32, 0, 0,
                         {},   {{"feature_names", names}}};
  const std::string path = folder_.file("turned.h5");
  DatasetWriter writer(one_rank(), path, {spec});
  writer.write_rows(0, {0, rows}, std::as_bytes(std::span(turned)));
  writer.commit();
  const OwnedMatrix read = model.read_samples(path + ":/x");
  for (Index r = 0; r < rows; ++r) {
    for (Index f = 0; f < features; ++f) ASSERT_NEAR(read(r, f), samples(r, f), 1e-4F);
  }
}

TEST_F(TrainedModelTest, tells_what_it_is) {
  const TrainedModel model = TrainedModel::load(path_);
  EXPECT_EQ(model.features(), features);
  EXPECT_EQ(model.code_size(), code_size);
  EXPECT_EQ(model.parameter_count(), 24 * 11 + 11 + 11 * 5 + 5 + 5 * 11 + 11 + 11 * 24 + 24);
  EXPECT_EQ(model.settings().to_text(), to_text(configuration()));
  EXPECT_EQ(model.digest(), read_state_file(path_).weights_digest);
  const auto history = model.history();
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].validation_squared_error, std::nullopt);
  EXPECT_EQ(history[1].epoch, 2);
  EXPECT_EQ(history[1].step, 8);
  EXPECT_EQ(history[1].loss, 0.25);
  EXPECT_EQ(history[1].squared_error, 1);
  EXPECT_EQ(history[1].validation_squared_error, 1.5);
  EXPECT_EQ(history[1].learning_rate, 0.2);
}

TEST_F(TrainedModelTest, codes_and_reconstructions_are_the_programs_bit_for_bit) {
  const TrainedModel model = TrainedModel::load(path_);
  const OwnedMatrix samples = read_samples(data_);
  for (const Index micro_batch : {Index{0}, Index{7}, Index{512}}) {
    const Index used = micro_batch == 0 ? 64 : micro_batch;
    const OwnedMatrix codes =
        by_the_program(code_size, used, [](const Model& m, ConstMatrix x, Workspace& workspace) {
          return m.network->encode(m.parameters.data(), x, workspace);
        });
    const OwnedMatrix outputs =
        by_the_program(features, used, [](const Model& m, ConstMatrix x, Workspace& workspace) {
          return m.network->reconstruct(m.parameters.data(), x, workspace);
        });
    for (const Index threads : {1, 3}) {
      const InferenceSettings settings{threads, micro_batch};
      expect_equal(model.encode(samples, settings), codes);
      expect_equal(model.reconstruct(samples, settings), outputs);
      expect_equal(model.decode(codes, settings), outputs);
    }
  }
}

TEST_F(TrainedModelTest, errors_are_of_normalised_samples) {
  const TrainedModel model = TrainedModel::load(path_);
  const OwnedMatrix samples = read_samples(data_);
  const OwnedMatrix x = model.normalize(samples);
  EXPECT_EQ(x(0, 1), (37.0F / 255.0F - 0.25F) * 3.0F);
  const OwnedMatrix y = model.reconstruct(samples);
  const auto errors = model.squared_errors(samples, {2, 0});
  ASSERT_EQ(errors.size(), static_cast<std::size_t>(rows));
  for (Index r = 0; r < rows; ++r) {
    double sum = 0;
    for (Index c = 0; c < features; ++c)
      sum += std::pow(static_cast<double>(y(r, c)) - static_cast<double>(x(r, c)), 2);
    EXPECT_EQ(errors[static_cast<std::size_t>(r)], sum);
  }
}

TEST_F(TrainedModelTest, parts_cut_at_micro_batches_give_the_same_bits) {
  const TrainedModel model = TrainedModel::load(path_);
  const OwnedMatrix whole = model.encode(read_samples(data_));
  const OwnedMatrix part = model.encode(read_samples(data_, {128, rows}));
  EXPECT_TRUE(std::ranges::equal(part.values(), whole.values().subspan(128 * code_size)));
}

TEST_F(TrainedModelTest, several_threads_may_use_one_model) {
  const TrainedModel model = TrainedModel::load(path_);
  const OwnedMatrix samples = read_samples(data_);
  const OwnedMatrix codes = model.encode(samples);
  OwnedMatrix other;
  std::thread thread([&other, &samples, copy = model] { other = copy.encode(samples, {2, 0}); });
  expect_equal(model.encode(samples, {2, 0}), codes);
  thread.join();
  expect_equal(other, codes);
}

TEST_F(TrainedModelTest, refuses_what_does_not_fit) {
  const TrainedModel model = TrainedModel::load(path_);
  OwnedMatrix samples(3, features);
  EXPECT_EQ(model.encode(OwnedMatrix(0, features)).rows(), 0);
  expect_error(ErrorKind::data, "23 columns, but the model takes 24",
               [&] { static_cast<void>(model.encode(OwnedMatrix(3, features - 1))); });
  expect_error(ErrorKind::data, "24 columns, but the model takes 5",
               [&] { static_cast<void>(model.decode(samples)); });
  expect_error(ErrorKind::usage, "0 threads", [&] {
    static_cast<void>(model.encode(samples, {0, 0}));
  });
  expect_error(ErrorKind::usage, "of -1 samples", [&] {
    static_cast<void>(model.encode(samples, {1, -1}));
  });
  samples(2, 5) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::data, "row 2 of the samples",
               [&] { static_cast<void>(model.squared_errors(samples)); });
  expect_error(ErrorKind::io, "none.h5",
               [&] { static_cast<void>(TrainedModel::load(folder_.file("none.h5"))); });
  expect_error(ErrorKind::data, "data.h5",
               [&] { static_cast<void>(TrainedModel::load(folder_.file("data.h5"))); });
}

TEST_F(TrainedModelTest, saves_the_bytes_that_it_has_read) {
  const TrainedModel model = TrainedModel::load(path_);
  const std::string bytes = io_test::read_bytes(path_);
  model.save(folder_.file("copy.h5"));
  EXPECT_EQ(io_test::read_bytes(folder_.file("copy.h5")), bytes);
  model.save(path_);
  EXPECT_EQ(io_test::read_bytes(path_), bytes);
  expect_error(ErrorKind::io, "none", [&] { model.save(folder_.file("none/copy.h5")); });
}

TEST_F(TrainedModelTest, saves_of_a_checkpoint_the_model) {
  const std::string checkpoint = folder_.file("checkpoint.h5");
  write_model(checkpoint, {{"step", 8}});
  TrainedModel::load(checkpoint).save(folder_.file("copy.h5"));
  EXPECT_EQ(io_test::read_bytes(folder_.file("copy.h5")), io_test::read_bytes(path_));
}

}  // namespace
}  // namespace hourglass
