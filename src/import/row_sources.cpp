#include "import/row_sources.hpp"

#include "data/columns.hpp"
#include "hdf5/columns_by_name.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const RowReader& reader, const std::string& reason) {
  throw Error(ErrorKind::data, reader.path() + ": " + reason);
}

// Names of the features, and what they stand for where that is more than numbers.
void describe_features(const std::vector<Column>& columns, DatasetSpec& spec) {
  if (columns.empty()) return;
  const std::vector<std::string> names = feature_names(columns);
  // References to this many texts fit into an attribute.
  constexpr std::size_t most = 4000;
  if (names.size() <= most) spec.lists["feature_names"] = names;
  if (has_kinds(columns) || names.size() > most) spec.long_texts["columns"] = columns_text(columns);
}

}  // namespace

void check_alike(const RowReaders& readers) {
  const auto sample = [](const RowReader& reader) {
    return std::vector<Index>(reader.shape().begin() + 1, reader.shape().end());
  };
  const RowReader& first = *readers.front();
  for (const auto& reader : readers) {
    if (reader->type() != first.type()) {
      refuse(*reader, "holds " + std::string(name_of(reader->type())) + ", but " + first.path() +
                          " holds " + std::string(name_of(first.type())));
    }
    if (sample(*reader) != sample(first)) {
      refuse(*reader, "holds " + shape_text(reader->shape()) +
                          ", whose samples are of another shape than those of " + first.path() +
                          " (" + shape_text(first.shape()) + ")");
    }
    const bool known = !reader->columns().empty() && !first.columns().empty();
    if (reader->units() != first.units() && !reader->units().empty() && !first.units().empty()) {
      refuse(*reader, "its values are in " + reader->units() + ", those of " + first.path() +
                          " in " + first.units() + ": convert one of them");
    }
    const bool grids = are_coordinates(feature_names(reader->columns())) &&
                       are_coordinates(feature_names(first.columns()));
    if (known && reader->columns() != first.columns() && !grids)
      refuse(*reader, "its columns are others than those of " + first.path());
    if (reader->classes() != first.classes()) {
      refuse(*reader, "its labels are other texts than those of " + first.path() +
                          ", so the same number would mean two things; import them as one file, or "
                          "use numbers");
    }
  }
}

Index total_rows(const RowReaders& readers) {
  Index rows = 0;
  for (const auto& reader : readers) {
    if (__builtin_add_overflow(rows, reader->rows(), &rows))
      refuse(*reader, "makes more rows than can be counted");
  }
  return rows;
}

void check_labels(const RowReaders& labels, Index samples, const std::string& path) {
  const RowReader& first = *labels.front();
  if (first.shape().size() != 1) {
    refuse(first, "has " + std::to_string(first.shape().size()) +
                      " dimensions, but labels have one; are samples and labels interchanged?");
  }
  if (!is_integer(first.type()))
    refuse(first, "holds " + std::string(name_of(first.type())) + ", but labels are integers");
  if (total_rows(labels) != samples) {
    refuse(first, "has " + std::to_string(total_rows(labels)) + " labels for the " +
                      std::to_string(samples) + " samples of " + path);
  }
}

DatasetSpec rows_spec(const std::string& path, const RowReaders& readers, int compression) {
  const RowReader& first = *readers.front();
  DatasetSpec spec;
  spec.path = path;
  spec.shape = first.shape();
  spec.shape.front() = total_rows(readers);
  spec.type = first.type();
  spec.chunk_rows = suggested_chunk_rows(spec.shape, spec.type);
  spec.compression = compression;
  std::string classes;
  for (const std::string& name : first.classes()) classes += (classes.empty() ? "" : "\n") + name;
  if (!classes.empty()) {
    // As one text, for programs that have read it so from the beginning.
    constexpr std::size_t longest = 32768;
    if (classes.size() <= longest) spec.texts["classes"] = classes;
    spec.lists["class_names"] = first.classes();
  }
  describe_features(first.columns(), spec);
  if (const std::string units = first.units(); !units.empty()) spec.texts["units"] = units;
  return spec;
}

}  // namespace hourglass
