#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/import_saelens.hpp"
#include "cli/import_sources.hpp"
#include "cli/reading_options.hpp"
#include "cli/sparse_sources.hpp"
#include "core/timer.hpp"
#include "hdf5/address_list.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"
#include "import/import.hpp"
#include "import/sparse_import.hpp"
#include "import/virtual_dataset.hpp"
#include "system/fault_injection.hpp"
#include "system/live_line.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

/// How much is done, on rank 0's terminal.
class ProgressBar {
 public:
  explicit ProgressBar(bool speaks) : live_(speaks && on_terminal()) {}

  void show(Index done, Index total) {
    constexpr double interval = 0.1;
    if (!live_ || (shown_ && since_.seconds() < interval)) return;
    const std::string counts = fmt::format("{} of {} samples", done, total);
    const Index width =
        std::clamp<Index>(terminal_columns() - static_cast<Index>(counts.size()) - 4, 0, 30);
    const double part = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
    line_.show(fmt::format("[{:-<{}}] {}", std::string(filled, '#'), width, counts));
    since_.restart();
    shown_ = true;
  }

 private:
  bool live_;
  bool shown_ = false;
  LiveLine line_;
  Timer since_;
};

std::string group_of(const DatasetAddress& output) { return output.path == "/" ? "" : output.path; }

void report(const DatasetAddress& output, const ImportResult& result, const char* kind) {
  fmt::print("{}:{}/samples holds {} {}{}{}\n", output.file, group_of(output),
             fmt::join(result.shape, " x "), name_of(result.type), kind,
             result.labels > 0 ? fmt::format("; with {} labels", result.labels) : "");
}

VirtualDataset virtual_over(const std::string& path, const std::vector<std::string>& names,
                            const ReadOptions& reading) {
  VirtualDataset dataset{path, {}};
  for (const std::string& name : names) {
    DatasetAddress source = parse_address(name);
    source.options = reading;
    dataset.sources.push_back(DatasetReader(source).info());
  }
  return dataset;
}

/// Sources that stay where they are. Rank 0's work: nothing is copied.
void run_virtual(const Communicator& world, const Arguments& arguments,
                 const DatasetAddress& output) {
  collectively(world, [&] {
    if (arguments.has("compress"))
      throw Error(
          ErrorKind::usage,
          "--compress has no effect with --virtual, which copies nothing: leave one of them out");
    if (!world.is_root()) return;
    std::vector<VirtualDataset> datasets = {virtual_over(
        group_of(output) + "/samples", source_names(arguments), reading_from(arguments))};
    ImportResult result{datasets.front().shape(), datasets.front().sources.front().type, 0};
    if (arguments.has("labels")) {
      datasets.push_back(virtual_over(group_of(output) + "/labels", label_names(arguments),
                                      reading_from(arguments)));
      const std::vector<Index> shape = datasets.back().shape();
      result.labels = shape.front();
      if (shape.size() != 1 || !is_integer(datasets.back().sources.front().type) ||
          result.labels != result.shape.front()) {
        throw Error(
            ErrorKind::data,
            fmt::format("{}: {} {} are not labels of {} samples",
                        to_string(datasets.back().sources.front().address), fmt::join(shape, " x "),
                        name_of(datasets.back().sources.front().type), result.shape.front()));
      }
    }
    write_virtual_datasets(output.file, datasets);
    report(output, result, ", virtual");
  });
}

/// Copies with progress output until everything is copied or a signal asks to stop.
template <class Import>
auto with_progress(const Communicator& world, const Arguments& arguments, ImportSettings settings,
                   const std::vector<std::string>& notes, const Import& import) {
  ProgressBar bar(world.is_root());
  const StopSignal signals;
  FaultInjection faults;
  collectively(world, [&] { faults = FaultInjection::from_environment(world.rank()); });
  Index rounds = 0;
  settings.options = fmt::format("{}", fmt::join(arguments.positional, "\n"));
  for (const auto& [name, value] : arguments.values)
    settings.options += fmt::format("\n{}={}", name, value);
  settings.note = [](const std::string& text) { fmt::print("{}\n", text); };
  if (world.is_root()) std::ranges::for_each(notes, settings.note);
  settings.progress = [&](Index done, Index total) {
    bar.show(done, total);
    faults.before_step(++rounds, {});
    const Index asked = StopSignal::received() != 0 ? 1 : 0;
    // Compressing, rank 0 is alone here.
    const bool alone = settings.compression > 0;
    if ((alone ? asked : world.max(asked)) == 0 || done == total) return;
    throw Error(ErrorKind::stopped,
                fmt::format("stopped on request; {} is unchanged; the same command {}",
                            settings.output.file, alone ? "starts over" : "continues from here"),
                alone ? Reach::local : Reach::everywhere);
  };
  return import(settings);
}

void run_sparse(const Communicator& world, const Arguments& arguments,
                const ImportSettings& settings) {
  std::vector<std::string> notes;
  const SparseReaders sources = open_sparse_sources(world, arguments, notes);
  const SparseImportResult result = with_progress(
      world, arguments, settings, notes,
      [&](const ImportSettings& watched) { return import_sparse(world, sources, watched); });
  if (!world.is_root()) return;
  const double all = static_cast<double>(result.samples) * static_cast<double>(result.features);
  fmt::print("{}:{}/X holds {} x {} {}, sparse: {} elements, {:.3g} %\n", settings.output.file,
             group_of(settings.output), result.samples, result.features, name_of(result.type),
             result.elements, 100 * static_cast<double>(result.elements) / all);
}

void run_import(const Arguments& arguments) {
  const auto world = Communicator::world();
  bool is_model = false;
  collectively(world, [&] {
    is_model = imports_saelens(arguments);
    if (is_model && world.is_root()) import_saelens(arguments);
  });
  if (is_model) return;
  ImportSettings settings;
  collectively(world, [&] {
    settings.output = parse_address(arguments.required("output"));
    settings.compression = static_cast<int>(arguments.flag_or_integer("compress", 4, 0, 9));
  });
  if (arguments.flag("virtual")) return run_virtual(world, arguments, settings.output);
  if (arguments.flag("sparse")) return run_sparse(world, arguments, settings);
  const ImportSources sources = open_sources(world, arguments);
  const ImportResult result = with_progress(
      world, arguments, settings, sources.notes,
      [&](const ImportSettings& watched) { return import_rows(world, sources, watched); });
  if (world.is_root()) report(settings.output, result, "");
}

}  // namespace

Command import_command() {
  std::vector<Option> options = with_reading_options(import_source_options(), 2);
  options.push_back(
      {"output", "output",
       "FILE.h5:/group, new or existing; samples go to <group>/samples, labels to <group>/labels",
       "", false});
  options.push_back({"compress", "output", "Deflate level, 0 to 9; 4 without a value", "0", true});
  options.push_back({"sparse", "output",
                     "Write a sparse matrix, as AnnData stores it, to <group>/X: of Matrix Market "
                     "files, sparse or dense data sets, tables",
                     "", true});
  options.push_back({"virtual", "output",
                     "Create a virtual data set over HDF5 sources instead of copying (read it with "
                     "--allow-external)",
                     "", true});
  options.push_back({"help", "output", "Show this text", "", true});
  return {
      "import",
      "Convert data to an HDF5 file: CSV, NumPy, images, raw numbers, IDX, Matrix Market, HDF5",
      "hourglass import SOURCE... --output FILE.h5:/group [OPTIONS]",
      "Several sources, or a quoted pattern, are concatenated:\n  hourglass import table.csv "
      "--label-column kind --output data.h5:/train\n  hourglass import mnist.npz:x_train "
      "--labels mnist.npz:y_train --output data.h5:/train\n  hourglass import photos/ --resize "
      "64x64 --grey --output data.h5:/photos      (class folders become labels)\n  hourglass "
      "import dump.bin --type uint8 --shape 28x28 --output data.h5\n  hourglass import "
      "'shards/*.h5:/samples' --virtual --output all.h5\n  hourglass import filtered/matrix.mtx.gz "
      "--sparse --samples columns --output cells.h5ad\n  mpirun -n 4 hourglass import "
      "'part-*.csv' --output data.h5\nThe file appears, or changes, when all of it is written, "
      "and not at all after an error. After a kill or a stop the same command goes on where it "
      "was, on any number of ranks (with --compress it starts over).\nData that already lies "
      "in HDF5, by h5py or others, and .npy and .safetensors files need no import: give them to "
      "train as they are.\nA folder of SAELens (cfg.json and sae_weights.safetensors) becomes a "
      "model:\n  hourglass import sae/ --output model.h5\n",
      options,
      1000000,
      true,
      run_import};
}

}  // namespace hourglass
