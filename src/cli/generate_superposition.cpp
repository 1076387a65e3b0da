#include "cli/generate_superposition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/buffer.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/error.hpp"
#include "import/superposition.hpp"

namespace hourglass {

namespace {

// Rows generated per rank between two collective writes.
constexpr Index block_rows = 4096;

SuperpositionSpec read_spec(const Arguments& arguments) {
  for (const char* option : {"components", "intrinsic"}) {
    if (arguments.has(option)) {
      throw Error(ErrorKind::usage, fmt::format("--{} does not apply to superposition", option));
    }
  }
  SuperpositionSpec spec;
  spec.atoms = arguments.integer("atoms", spec.atoms, 1);
  spec.dimension = arguments.integer("dimension", spec.dimension, 1);
  spec.active = arguments.integer("active", spec.active, 1);
  spec.exponent = arguments.number("exponent", spec.exponent);
  spec.noise = arguments.number("noise", spec.noise);
  spec.offset = arguments.number("offset", spec.offset);
  spec.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  return spec;
}

template <class T>
std::span<T> row_of(Buffer<T>& rows, Index row, Index width) {
  return {rows.data() + row * width, static_cast<std::size_t>(width)};
}

template <class T>
std::span<const std::byte> bytes_of(const Buffer<T>& rows, Index count, Index width) {
  return std::as_bytes(std::span(rows.data(), static_cast<std::size_t>(count * width)));
}

}  // namespace

std::vector<Option> superposition_options() {
  return {
      {"atoms", "superposition", "Number of directions that samples are sums of", "4096", false},
      {"active", "superposition", "Number of them in a sample", "20", false},
      {"exponent", "superposition",
       "a of their use: atom j, counted from 1, is drawn with a probability in proportion to j^-a",
       "0.5", false},
      {"offset", "superposition", "Norm of a constant vector that is part of every sample", "0",
       false},
  };
}

void generate_superposition(const Communicator& world, const Arguments& arguments) {
  std::unique_ptr<Superposition> data;
  DatasetAddress output;
  Index samples = 0;
  collectively(world, [&] {
    static_cast<void>(arguments.required("samples"));
    samples = arguments.integer("samples", 1, 1);
    output = parse_address(arguments.required("output"));
    data = std::make_unique<Superposition>(read_spec(arguments));
  });
  const SuperpositionSpec& spec = data->spec();
  const std::string group = output.path == "/" ? "" : output.path;
  const std::string origin = fmt::format(
      "hourglass generate superposition --atoms {} --dimension {} --active {} --exponent {} "
      "--noise {} --offset {} --seed {}",
      spec.atoms, spec.dimension, spec.active, spec.exponent, spec.noise, spec.offset, spec.seed);
  DatasetWriter writer(
      world, output.file,
      {{group + "/samples",
        {samples, spec.dimension},
        ElementType::f32,
        0,
        0,
        {{"origin", origin}}},
       {group + "/atoms", {spec.atoms, spec.dimension}, ElementType::f32, 0, 0, {}},
       {group + "/active_atoms", {samples, spec.active}, ElementType::i32, 0, 0, {}},
       {group + "/active_values", {samples, spec.active}, ElementType::f32, 0, 0, {}}});
  const Range atoms = even_part(spec.atoms, world.size(), world.rank());
  writer.write_rows(1, atoms,
                    std::as_bytes(data->atoms().subspan(
                        static_cast<std::size_t>(atoms.begin * spec.dimension),
                        static_cast<std::size_t>(atoms.size() * spec.dimension))));
  const Range mine = even_part(samples, world.size(), world.rank());
  const Index rounds = world.max((mine.size() + block_rows - 1) / block_rows);
  const Index rows = std::min(block_rows, std::max<Index>(1, mine.size()));
  Buffer<float> values(rows * spec.dimension);
  Buffer<std::int32_t> which(rows * spec.active);
  Buffer<float> much(rows * spec.active);
  for (Index round = 0; round < rounds; ++round) {
    const Range part{std::min(mine.end, mine.begin + round * block_rows),
                     std::min(mine.end, mine.begin + (round + 1) * block_rows)};
    for (Index r = 0; r < part.size(); ++r) {
      data->make(part.begin + r, row_of(values, r, spec.dimension), row_of(which, r, spec.active),
                 row_of(much, r, spec.active));
    }
    writer.write_rows(0, part, bytes_of(values, part.size(), spec.dimension));
    writer.write_rows(2, part, bytes_of(which, part.size(), spec.active));
    writer.write_rows(3, part, bytes_of(much, part.size(), spec.active));
  }
  writer.commit();
  if (!world.is_root()) return;
  fmt::print(
      "{}:{}/samples holds {} x {}; the {} atoms are in {}/atoms, the {} of each sample in "
      "{}/active_atoms and {}/active_values\n",
      output.file, group, samples, spec.dimension, spec.atoms, group, spec.active, group, group);
}

}  // namespace hourglass
