#include "cli/import_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/csv_options.hpp"
#include "cli/reading_options.hpp"
#include "core/edit_distance.hpp"
#include "core/text_list.hpp"
#include "hdf5/address_list.hpp"
#include "hourglass/core/error.hpp"
#include "import/array_rows.hpp"
#include "import/csv.hpp"
#include "import/file_rows.hpp"
#include "import/image_folder.hpp"
#include "nn/image_shape.hpp"
#include "system/file_kind.hpp"

namespace hourglass {

namespace {

const std::vector<std::string> formats = {"auto",        "idx", "csv",    "tsv",  "npy", "npz",
                                          "safetensors", "raw", "images", "hdf5", "mtx"};

/// A file and, after a colon, a part of it: FILE.npz:array, FILE.h5:/path.
std::pair<std::string, std::string> split_source(const std::string& source) {
  std::error_code ignored;
  const std::size_t colon = source.rfind(':');
  if (colon == std::string::npos || std::filesystem::exists(source, ignored)) return {source, ""};
  return {source.substr(0, colon), source.substr(colon + 1)};
}

std::string format_of(const std::string& source, const Arguments& arguments) {
  std::string named = arguments.get("format", "auto");
  if (std::ranges::find(formats, named) == formats.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("unknown --format '{}': {}{}", named, fmt::join(formats, ", "),
                            suggestion(named, formats)));
  }
  if (named != "auto") return named;
  if (arguments.has("shape")) return "raw";
  std::error_code ignored;
  const std::string file = split_source(source).first;
  if (std::filesystem::is_directory(file, ignored)) return "images";
  const FileKind kind = file_kind(file);
  const auto ends = [&](std::string_view ending) { return file.ends_with(ending); };
  for (const char* by_content : {"npy", "npz", "safetensors", "hdf5", "idx", "mtx"}) {
    if (kind.format == by_content) return kind.format;
  }
  if (ends(".tsv") || ends(".tab")) return "tsv";
  if (ends(".csv") || ends(".txt") || ends(".csv.gz")) return "csv";
  if (ends(".mtx") || ends(".mtx.gz")) return "mtx";
  if (ends(".npy")) return "npy";
  if (ends(".npz")) return "npz";
  if (ends(".safetensors")) return "safetensors";
  if (ends(".h5") || ends(".hdf5")) return "hdf5";
  if (kind.format == "csv") {
    throw Error(ErrorKind::usage,
                fmt::format("{}: is text, but its name does not say what of: give --format csv for "
                            "a table",
                            file));
  }
  const bool empty = std::filesystem::file_size(file, ignored) == 0;
  if (empty || kind.name == gzip_kind || ends("ubyte") || ends(".idx")) return "idx";
  if (kind.name.empty()) {
    throw Error(ErrorKind::data,
                fmt::format("{}: is of no kind that import knows by its content or name: give "
                            "--format, or --type and --shape for raw numbers",
                            file));
  }
  throw Error(ErrorKind::data,
              fmt::format("{}: is {}, which cannot be imported as it is{}{}", file, kind.name,
                          kind.advice.empty() ? "" : "; ", kind.advice));
}

RawFormat raw_format(const Arguments& arguments) {
  RawFormat raw;
  if (!arguments.has("type") || !arguments.has("shape")) {
    throw Error(
        ErrorKind::usage,
        "raw numbers need --type and --shape: e.g. --type uint8 --shape 28x28 (of one sample)");
  }
  raw.number = number_format(arguments.get("type"));
  const std::string text = arguments.get("shape");
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('x', begin), text.size());
    const std::string digits = text.substr(begin, end - begin);
    if (digits.empty() || digits.size() > 12 ||
        digits.find_first_not_of("0123456789") != std::string::npos || std::stoll(digits) < 1) {
      throw Error(
          ErrorKind::usage,
          fmt::format("--shape is '{}', but the shape of one sample is expected, e.g. 784 or 28x28",
                      text));
    }
    raw.sample_shape.push_back(std::stoll(digits));
    begin = end + 1;
  }
  raw.skip_bytes = arguments.integer("skip-bytes", 0, 0);
  if (arguments.has("rows")) raw.rows = arguments.integer("rows", 0, 1);
  return raw;
}

ImageSettings image_settings(const Arguments& arguments) {
  ImageSettings settings;
  settings.grey = arguments.flag("grey");
  if (arguments.has("resize")) {
    ImageShape shape;
    constexpr Index largest = 16384;
    try {
      shape = image_shape_from(arguments.get("resize"));
    } catch (const Error&) {
      shape = {};  // refused below, by the option's name
    }
    if (!shape.known() || shape.channels != 1 || shape.height > largest || shape.width > largest) {
      throw Error(ErrorKind::usage,
                  fmt::format("--resize is '{}', but HEIGHTxWIDTH is expected, e.g. 64x64",
                              arguments.get("resize")));
    }
    settings.size = {shape.height, shape.width};
  }
  return settings;
}

/// Opened, with the labels that it may hold itself.
struct Source {
  std::unique_ptr<RowReader> samples;
  std::unique_ptr<RowReader> labels;
};

Source open_local(const std::string& source, const std::string& format,
                  const Arguments& arguments) {
  const auto [file, part] = split_source(source);
  if (format == "npy") return {open_npy(source), nullptr};
  if (format == "npz") return {open_npz(file, part), nullptr};
  if (format == "safetensors") return {open_safetensors(file, part), nullptr};
  if (format == "raw") return {open_raw(source, raw_format(arguments)), nullptr};
  if (format == "images") {
    ImageFolder folder = open_image_folder(source, image_settings(arguments));
    return {std::move(folder.samples), std::move(folder.labels)};
  }
  return {open_idx_rows(source), nullptr};
}

FrameOptions frame_options(const Arguments& arguments) {
  FrameOptions options;
  options.drop = split_list(arguments.get("drop-columns"));
  if (arguments.has("like")) {
    const CsvSettings settings = csv_settings(arguments, "csv");
    options.like = settings.like->columns;
    options.origin = settings.like->name;
  }
  return options;
}

bool is_table(const std::string& format) { return format == "csv" || format == "tsv"; }

/// Opens the sources of these `kinds`, each with its labels where it has any. Tables are read
/// together: they share their columns.
std::vector<Source> open_all(const Communicator& communicator,
                             const std::vector<std::string>& names,
                             const std::vector<std::string>& kinds, const Arguments& arguments,
                             std::vector<std::string>& notes) {
  std::vector<Source> sources(names.size());
  std::vector<std::string> tables;
  CsvSettings csv;
  collectively(communicator, [&] {
    std::vector<DatasetAddress> stored;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (is_table(kinds[i])) {
        csv = csv_settings(arguments, kinds[i]);
        tables.push_back(names[i]);
      } else if (kinds[i] == "hdf5") {
        stored.push_back(parse_address(names[i]));
        stored.back().options = reading_from(arguments);
      } else {
        sources[i] = open_local(names[i], kinds[i], arguments);
      }
    }
    if (stored.empty()) return;
    auto readers = open_hdf5_rows(stored, frame_options(arguments));
    auto next = readers.begin();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (kinds[i] != "hdf5") continue;
      if (const std::string note = (*next)->note(); !note.empty())
        notes.push_back((*next)->path() + ": " + note);
      sources[i].samples = std::move(*next++);
    }
  });
  if (tables.empty()) return sources;
  const auto scanned = scan_csv(communicator, tables, csv);
  collectively(communicator, [&] {
    const auto& found = schema_of(*scanned.front()).notes;
    notes.insert(notes.end(), found.begin(), found.end());
    auto next = scanned.begin();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!is_table(kinds[i])) continue;
      sources[i].samples = csv_samples(*next);
      if (!csv.label_column.empty()) sources[i].labels = csv_labels(*next);
      ++next;
    }
  });
  return sources;
}

// Options of one format given with another would be passed over in silence.
void check_options(const Arguments& arguments, const std::vector<std::string>& found) {
  const auto only_for = [&](const std::vector<std::string>& options,
                            const std::vector<std::string>& wanted) {
    for (const std::string& option : options) {
      const bool fits = std::ranges::any_of(found, [&](const std::string& format) {
        return std::ranges::find(wanted, format) != wanted.end();
      });
      if (arguments.has(option) && !fits) {
        throw Error(ErrorKind::usage,
                    fmt::format("--{} applies to {}, but the source is {}", option,
                                fmt::join(wanted, " and "), found.front()));
      }
    }
  };
  std::vector<std::string> of_text = csv_option_names();
  std::erase_if(of_text, [](const auto& name) { return name == "drop-columns" || name == "like"; });
  only_for(of_text, {"csv", "tsv"});
  only_for({"drop-columns", "like"}, {"csv", "tsv", "hdf5"});
  only_for({"allow-external", "accept-fill"}, {"hdf5"});
  only_for({"type"}, {"csv", "tsv", "raw", "mtx"});
  only_for({"samples"}, {"mtx"});
  only_for({"shape", "skip-bytes", "rows"}, {"raw"});
  only_for({"resize", "grey"}, {"images"});
}

}  // namespace

std::vector<Option> import_source_options() {
  std::vector<Option> options = {
      {"format", "input",
       "auto (by content and name), idx, csv, tsv, npy, npz, safetensors, raw, images, hdf5, mtx, "
       "saelens",
       "auto", false},
      {"labels", "input",
       "Labels in separate files, one per sample: FILE, FILE.npz:array, FILE.h5:/path; "
       "comma-separated",
       "", false},
  };
  const std::vector<Option> tables = csv_options();
  options.insert(options.end(), tables.begin(), tables.end());
  const std::vector<Option> others = {
      {"samples", "mtx",
       "rows or columns: what a sample is in a Matrix Market file (10x Genomics: columns)", "rows",
       false},
      {"type", "csv, tsv, raw, mtx",
       "Type of the numbers: uint8, int16, float32, ... (raw: also big-endian, e.g. >f4)",
       "csv: float32, or float64 where it loses digits; mtx: by the file", false},
      {"shape", "raw", "Shape of one sample, e.g. 784 or 28x28", "", false},
      {"rows", "raw", "Number of samples", "as many as the file holds", false},
      {"skip-bytes", "raw", "Bytes before the first number", "0", false},
      {"resize", "images", "Resize all images to HEIGHTxWIDTH", "all must have the same size",
       false},
      {"grey", "images", "Convert colours to grey", "", true},
  };
  options.insert(options.end(), others.begin(), others.end());
  return options;
}

namespace {

std::string with_part(const std::string& file, const std::string& part) {
  return part.empty() ? file : fmt::format("{}:{}", file, part);
}

}  // namespace

std::vector<std::string> source_names(const Arguments& arguments) {
  std::vector<std::string> names;
  for (const std::string& word : arguments.positional) {
    const auto [file, part] = split_source(word);
    for (const std::string& found : expand_pattern(file)) names.push_back(with_part(found, part));
  }
  if (names.empty())
    throw Error(ErrorKind::usage, "name a source: hourglass import SOURCE --output FILE.h5:/group");
  return names;
}

std::vector<std::string> label_names(const Arguments& arguments) {
  std::vector<std::string> names;
  if (!arguments.has("labels")) return names;
  for (const std::string& item : split_list(arguments.required("labels"))) {
    const auto [file, part] = split_source(item);
    for (const std::string& found : expand_pattern(file)) names.push_back(with_part(found, part));
  }
  return names;
}

std::vector<std::string> source_formats(const Arguments& arguments,
                                        const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const std::string& name : names) found.push_back(format_of(name, arguments));
  check_options(arguments, found);
  return found;
}

ImportSources open_sources(const Communicator& communicator, const Arguments& arguments) {
  std::vector<std::string> names;
  std::vector<std::string> formats;
  std::vector<std::string> labels;
  std::vector<std::string> label_formats;
  Arguments plain;  // of the options, those about HDF5 files are the labels' too
  for (const Option& option : reading_options()) {
    if (arguments.has(option.name)) plain.values[option.name] = arguments.get(option.name);
  }
  collectively(communicator, [&] {
    names = source_names(arguments);
    formats = source_formats(arguments, names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (formats[i] != "mtx") continue;
      throw Error(
          ErrorKind::usage,
          names[i] + ": is a Matrix Market file, which becomes a sparse matrix: give --sparse");
    }
    labels = label_names(arguments);
  });
  ImportSources sources;
  for (Source& source : open_all(communicator, names, formats, arguments, sources.notes)) {
    sources.samples.push_back(std::move(source.samples));
    if (source.labels) sources.labels.push_back(std::move(source.labels));
  }
  if (labels.empty()) return sources;
  collectively(communicator, [&] {
    if (!sources.labels.empty())
      throw Error(ErrorKind::usage, "the sources hold labels themselves: leave --labels out");
    for (const std::string& name : labels) label_formats.push_back(format_of(name, plain));
  });
  std::vector<std::string> ignored;
  for (Source& source : open_all(communicator, labels, label_formats, plain, ignored))
    sources.labels.push_back(std::move(source.samples));
  return sources;
}

}  // namespace hourglass
