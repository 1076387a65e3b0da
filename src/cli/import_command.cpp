#include <fmt/format.h>

#include "command.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/data/import.hpp"
#include "hourglass/dist/communicator.hpp"

namespace hourglass {
namespace {

void run_import(const Arguments& arguments) {
  const auto world = Communicator::world();
  collectively(world, [&] {
    if (arguments.positional.empty())
      throw Error(ErrorKind::usage, "name a source: hourglass import SOURCE --output FILE.h5:/group");
    const DatasetAddress output = parse_address(arguments.required("output"));
    const Index level = arguments.flag_or_integer("compress", 4, 0, 9);
    if (!world.is_root()) return;
    const ImportResult result =
        import_idx(arguments.positional.front(), arguments.get("labels"), output, static_cast<int>(level));
    fmt::print("{}:{}/samples holds {} {}{}\n", output.file, output.path == "/" ? "" : output.path,
               fmt::join(result.shape, " x "), name_of(result.type),
               result.labels > 0 ? fmt::format("; {} labels beside it", result.labels) : "");
  });
}

}  // namespace

Command import_command() {
  return {"import",
          "Copy an IDX file (MNIST's format, plain or .gz) into an HDF5 file",
          "hourglass import SOURCE --output FILE.h5:/group [--labels SOURCE] [--compress [LEVEL]]",
          "Data that already lies in HDF5, by h5py or others, needs no import: give it to train as it is.\n",
          {{"output", "output", "FILE.h5:/group; samples go to <group>/samples, labels to <group>/labels", "", false},
           {"labels", "input", "IDX file with one label a sample", "", false},
           {"compress", "output", "Deflate level 0 to 9; --compress alone is 4", "0", true},
           {"help", "output", "Show this text", "", true}},
          1,
          true,
          run_import};
}

}  // namespace hourglass
