#include "cli/sparse_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/import_sources.hpp"
#include "cli/reading_options.hpp"
#include "formats/npy.hpp"
#include "hourglass/core/error.hpp"
#include "import/matrix_market.hpp"

namespace hourglass {

namespace {

// Formats whose files know of samples without zeros.
bool is_matrix(const std::string& format) { return format == "mtx" || format == "hdf5"; }

void check(const Arguments& arguments, const std::vector<std::string>& names,
           const std::vector<std::string>& formats) {
  for (const char* option : {"labels", "label-column", "virtual"}) {
    if (arguments.has(option))
      throw Error(ErrorKind::usage,
                  fmt::format("--{} has no effect with --sparse: leave one of them out", option));
  }
  const bool first = is_matrix(formats.front());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_matrix(formats[i]) == first) continue;
    throw Error(
        ErrorKind::usage,
        fmt::format("{} is {}, but {} is {}: with --sparse, give matrices and other files to "
                    "imports of their own",
                    names[i], formats[i], names.front(), formats.front()));
  }
}

MatrixMarketSettings matrix_market_settings(const Arguments& arguments) {
  MatrixMarketSettings settings;
  const std::string samples = arguments.get("samples", "rows");
  if (samples != "rows" && samples != "columns")
    throw Error(ErrorKind::usage, "--samples is '" + samples + "'; use one of: rows, columns");
  settings.samples_are_columns = samples == "columns";
  if (arguments.has("type")) settings.type = number_format(arguments.get("type")).type;
  return settings;
}

}  // namespace

SparseReaders open_sparse_sources(const Communicator& communicator, const Arguments& arguments,
                                  std::vector<std::string>& notes) {
  SparseReaders readers;
  std::vector<std::string> names;
  std::vector<std::string> formats;
  collectively(communicator, [&] {
    names = source_names(arguments);
    formats = source_formats(arguments, names);
    check(arguments, names, formats);
    for (std::size_t i = 0; i < names.size() && is_matrix(formats.front()); ++i) {
      if (formats[i] == "mtx") {
        readers.push_back(open_matrix_market(names[i], matrix_market_settings(arguments)));
        continue;
      }
      DatasetAddress address = parse_address(names[i]);
      address.options = reading_from(arguments);
      readers.push_back(open_sparse_hdf5(address));
    }
  });
  if (!readers.empty()) return readers;
  // Read twice: first for the numbers of elements.
  ImportSources first = open_sources(communicator, arguments);
  ImportSources again = open_sources(communicator, arguments);
  notes = std::move(first.notes);
  for (std::size_t i = 0; i < first.samples.size(); ++i)
    readers.push_back(sparse_from_rows(std::move(first.samples[i]), std::move(again.samples[i])));
  return readers;
}

}  // namespace hourglass
