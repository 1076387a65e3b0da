#include <fmt/format.h>

#include <charconv>

#include "cli/command.hpp"
#include "cli/generate_cells.hpp"
#include "cli/generate_superposition.hpp"
#include "core/buffer.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"
#include "import/generate.hpp"

namespace hourglass {
namespace {

// Rows generated per rank between two collective writes.
constexpr Index block_rows = 4096;

struct Order {
  SyntheticSpec spec;
  Index samples = 0;
  DatasetAddress output;
};

Order read_order(const Arguments& arguments) {
  if (arguments.positional.empty()) {
    throw Error(ErrorKind::usage, fmt::format("name a data set: {}, superposition, cells",
                                              fmt::join(synthetic_names(), ", ")));
  }
  Order order;
  order.spec.kind = synthetic_from(arguments.positional.front());
  order.spec.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  order.spec.noise = arguments.number("noise", 0);
  order.spec.dimension = arguments.has("dimension") ? arguments.integer("dimension", 1, 1) : 0;
  order.spec.components = arguments.integer("components", 10, 1);
  order.spec.intrinsic = arguments.integer("intrinsic", 3, 1);
  static_cast<void>(arguments.required("samples"));
  order.samples = arguments.integer("samples", 1, 1);
  order.output = parse_address(arguments.required("output"));
  return order;
}

void run_generate(const Arguments& arguments) {
  const auto world = Communicator::world();
  if (!arguments.positional.empty() && arguments.positional.front() == "cells") {
    generate_cells(world, arguments);
    return;
  }
  if (!arguments.positional.empty() && arguments.positional.front() == "superposition") {
    generate_superposition(world, arguments);
    return;
  }
  Order order;
  std::unique_ptr<SyntheticData> data;
  collectively(world, [&] {
    order = read_order(arguments);
    data = std::make_unique<SyntheticData>(order.spec);
  });
  const std::string group = order.output.path == "/" ? "" : order.output.path;
  std::vector<Index> shape = data->sample_shape();
  shape.insert(shape.begin(), order.samples);
  const std::string origin =
      fmt::format("hourglass generate {} --seed {}", name_of(order.spec.kind), order.spec.seed);
  const Index latent_size = data->latent_size();
  DatasetWriter writer(
      world, order.output.file,
      {{group + "/samples", shape, ElementType::f32, 0, 0, {{"origin", origin}}},
       {group + "/latent", {order.samples, latent_size}, ElementType::f32, 0, 0, {}},
       {group + "/labels", {order.samples}, ElementType::u8, 0, 0, {}}});
  const Range mine = even_part(order.samples, world.size(), world.rank());
  const Index rounds = world.max((mine.size() + block_rows - 1) / block_rows);
  const Index rows = std::min(block_rows, std::max<Index>(1, mine.size()));
  Buffer<float> samples(rows * data->features());
  Buffer<float> latent(rows * latent_size);
  Buffer<std::uint8_t> labels(rows);
  for (Index round = 0; round < rounds; ++round) {
    const Range part{std::min(mine.end, mine.begin + round * block_rows),
                     std::min(mine.end, mine.begin + (round + 1) * block_rows)};
    for (Index r = 0; r < part.size(); ++r) {
      data->make(
          part.begin + r,
          {samples.data() + r * data->features(), static_cast<std::size_t>(data->features())},
          {latent.data() + r * latent_size, static_cast<std::size_t>(latent_size)}, labels[r]);
    }
    const auto count = static_cast<std::size_t>(part.size());
    writer.write_rows(
        0, part,
        std::as_bytes(samples.span())
            .first(count * static_cast<std::size_t>(data->features()) * sizeof(float)));
    writer.write_rows(1, part,
                      std::as_bytes(latent.span())
                          .first(count * static_cast<std::size_t>(latent_size) * sizeof(float)));
    writer.write_rows(2, part, std::as_bytes(labels.span()).first(count));
  }
  writer.commit();
  if (world.is_root()) {
    fmt::print(
        "{}:{}/samples holds {}; their latent coordinates are in {}/latent, labels in {}/labels\n",
        order.output.file, group, fmt::join(shape, " x "), group, group);
  }
}

}  // namespace

Command generate_command() {
  std::vector<Option> options = {
      {"samples", "output", "Number of samples", "", false},
      {"seed", "data", "Random seed", "1", false},
      {"noise", "data", "Standard deviation of Gaussian noise added to each feature",
       "0; of superposition 0.05", false},
      {"dimension", "data", "Number of features of gaussian-mixture, manifold and superposition",
       "10, 100 and 512", false},
      {"components", "data", "Number of components of gaussian-mixture", "10", false},
      {"intrinsic", "data", "Dimension of the manifold", "3", false}};
  for (Option& option : superposition_options()) options.push_back(std::move(option));
  for (Option& option : cell_options()) options.push_back(std::move(option));
  options.push_back({"output", "output",
                     "FILE.h5[:/group]; <group>/samples, <group>/latent and <group>/labels; "
                     "FILE.h5ad of cells",
                     "", false});
  options.push_back({"help", "output", "Show this text", "", true});
  return {
      "generate",
      "Generate a synthetic data set: curves, swiss-roll, s-curve, gaussian-mixture, manifold, "
      "superposition, cells",
      "hourglass generate curves|swiss-roll|s-curve|gaussian-mixture|manifold --samples 20000 "
      "--output FILE.h5:/train\n       hourglass generate superposition --samples 1000000 --output "
      "FILE.h5:/train\n       hourglass generate cells --cells 100000 --output FILE.h5ad",
      "The file is the same on any number of ranks. Use another --seed for test data, except for "
      "gaussian-mixture, manifold, superposition and cells,\nwhose random parameters depend on the "
      "seed: generate "
      "one set and split it.\n\n"
      "Superposition are sparse sums of more directions than features, for sparse autoencoders; "
      "the "
      "directions and\nthe parts of each sample are stored too.\n\n"
      "Cells are counts of genes in single cells, negative binomial with known groups, batches, "
      "library sizes\nand dropout, stored sparse as AnnData does.\n",
      options,
      1,
      true,
      run_generate};
}

}  // namespace hourglass
