#include <fmt/format.h>

#include "cli/command.hpp"
#include "core/buffer.hpp"
#include "core/channel_order.hpp"
#include "core/random.hpp"
#include "data/sample_conditions.hpp"
#include "engine/inference.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "run/model_file.hpp"

namespace hourglass {
namespace {

// Samples decoded together, independent of the ranks, so that all results have the same bits.
constexpr Index micro_batch = 128;

void draw_codes(const CounterRandom& random, Range rows, Matrix codes) {
  for (Index r = 0; r < rows.size(); ++r) {
    for (Index begin = 0; begin < codes.columns; begin += 4) {
      const auto words = random.bits(static_cast<std::uint64_t>(rows.begin + r), 0,
                                     static_cast<std::uint32_t>(begin / 4));
      const auto [a, b] = normal_pair(words[0], words[1]);
      const auto [c, d] = normal_pair(words[2], words[3]);
      const std::array<float, 4> normal = {a, b, c, d};
      for (Index i = 0; i < std::min<Index>(4, codes.columns - begin); ++i)
        codes(r, begin + i) = normal[static_cast<std::size_t>(i)];
    }
  }
}

// N x H x W [x C], or as the data of the training: N x C x H x W. Of dense layers the network knows
// no more than the number of features.
std::vector<Index> shape_of_samples(Index samples, Index features, const ImageShape& grid,
                                    bool channels_first) {
  if (!grid.known()) return {samples, features};
  std::vector<Index> shape = grid.spatial();
  if (grid.channels > 1) shape.insert(channels_first ? shape.begin() : shape.end(), grid.channels);
  shape.insert(shape.begin(), samples);
  return shape;
}

/// The conditions of a micro-batch, which are those of every sample.
std::vector<std::int32_t> conditions_to_set(const Arguments& arguments, const Model& model) {
  const std::vector<Condition>& conditions = model.config.model.conditions;
  if (conditions.empty() && !arguments.has("set-condition")) return {};
  if (conditions.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{}: the model has no conditions: leave out "
                                              "--set-condition",
                                              model.file.path));
  }
  const std::vector<std::int32_t> chosen =
      chosen_categories(arguments.get("set-condition"), conditions);
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < chosen.size(); ++c) {
    if (chosen[c] == unchosen_category)
      missing.push_back(conditions[c].name + "=" + conditions[c].categories.front());
  }
  if (!missing.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: the model has conditions: give the samples' with --set-condition, "
                            "e.g. {}",
                            model.file.path, fmt::join(missing, ",")));
  }
  std::vector<std::int32_t> table;
  for (Index r = 0; r < micro_batch; ++r) table.insert(table.end(), chosen.begin(), chosen.end());
  return table;
}

void run_sample(const Arguments& arguments) {
  const auto world = Communicator::world();
  Model model;
  Index samples = 0;
  Index seed = 0;
  DatasetAddress output;
  std::vector<std::int32_t> conditions;
  collectively(world, [&] {
    model = load_model(arguments.required("model"), true);
    if (!model.config.model.regularization.variational) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} was not trained with --variational, so the distribution of its "
                              "codes is unknown; train with --variational",
                              arguments.get("model")));
    }
    static_cast<void>(arguments.required("samples"));
    samples = arguments.integer("samples", 1, 1);
    seed = arguments.integer("seed", 1, 0);
    output = parse_address(arguments.required("output"));
    conditions = conditions_to_set(arguments, model);
  });
  const Autoencoder& network = *model.network;
  const std::string group = output.path == "/" ? "" : output.path;
  const ImageShape grid = model.grid();
  const bool channels_first = model.leading_channels() > 1;
  const std::vector<Index> shape =
      shape_of_samples(samples, network.features(), grid, channels_first);
  DatasetWriter writer(
      world, output.file,
      {{group + "/samples", shape, ElementType::f32, 0, 0, {{"model", model.file.path}}},
       {group + "/codes", {samples, network.code_size()}, ElementType::f32, 0, 0, {}}});
  Workspace workspace = network.make_workspace(micro_batch);
  Buffer<float> codes(micro_batch * network.code_size());
  Buffer<float> ordered(channels_first ? micro_batch * network.features() : 0);
  const CounterRandom random(static_cast<std::uint64_t>(seed), Purpose::sampling);
  const Index batches = (samples + micro_batch - 1) / micro_batch;
  const Range mine = even_part(batches, world.size(), world.rank());
  const Index rounds = world.max(mine.size());
  for (Index round = 0; round < rounds; ++round) {
    const Index batch = mine.begin + round;
    const Range rows =
        batch < mine.end ? Range{batch * micro_batch, std::min(samples, (batch + 1) * micro_batch)}
                         : Range{0, 0};
    const Matrix h(codes.data(), rows.size(), network.code_size());
    draw_codes(random, rows, h);
    ConstMatrix x;
    workspace.set_conditions(conditions_of(conditions, micro_batch, {0, rows.size()}));
    if (!rows.empty()) x = network.decode(model.parameters.data(), h, workspace);
    const auto bytes = [](ConstMatrix m) {
      return std::as_bytes(std::span(m.data, static_cast<std::size_t>(m.rows * m.columns)));
    };
    if (channels_first && !rows.empty()) {
      to_channels_first({grid.channels, grid.places(), size_of(ElementType::f32)}, bytes(x),
                        std::as_writable_bytes(
                            ordered.span().first(static_cast<std::size_t>(x.rows * x.columns))));
      x = {ordered.data(), x.rows, x.columns};
    }
    writer.write_rows(0, rows, bytes(x));
    writer.write_rows(1, rows, bytes(h));
  }
  writer.commit();
  if (world.is_root())
    fmt::print("{}:{}/samples holds {}\n", output.file, group, fmt::join(shape, " x "));
}

}  // namespace

Command sample_command() {
  return {"sample",
          "Generate new samples with a variational autoencoder",
          "hourglass sample --model run/model.h5 --samples 64 --output new.h5[:/group]",
          "Codes are drawn from N(0, I) and decoded; for a model trained on standardized inputs, "
          "the samples are standardized too.\nThe file is the same on any number of ranks.\n",
          {{"model", "input", "Model or checkpoint file, trained with --variational", "", false},
           {"samples", "output", "Number of samples", "", false},
           {"set-condition", "output",
            "Of a model with conditions: NAME=CATEGORY[,...], those of all samples", "", false},
           {"seed", "run", "Seed of the codes", "1", false},
           {"output", "output", "FILE.h5[:/group]; <group>/samples and <group>/codes", "", false},
           {"help", "output", "Show this text", "", true}},
          0,
          true,
          run_sample};
}

}  // namespace hourglass
