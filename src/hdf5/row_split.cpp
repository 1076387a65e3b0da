#include "hdf5/row_split.hpp"

#include <algorithm>
#include <vector>

#include "core/counted.hpp"
#include "core/random.hpp"
#include "hdf5/index_selection.hpp"
#include "hdf5/integer_values.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr Index windows_a_block = 16;

std::uint64_t draw(const RowSplit& split, std::uint64_t item) {
  const auto words = CounterRandom(split.seed, Purpose::validation_split).bits(item, 0, 0);
  return (static_cast<std::uint64_t>(words[0]) << 32) | words[1];
}

std::vector<std::int64_t> read_groups(const RowsOfData& data, const RowSplit& split,
                                      const DatasetAddress& options) {
  DatasetAddress address = parse_address(split.groups);
  address.options = options.options;
  address.options.views = {};
  const DatasetReader reader(address);
  const DatasetInfo& info = reader.info();
  const std::string name = to_string(info.address);
  if (info.features() != 1 || !is_integer(info.type)) {
    throw Error(ErrorKind::data, name +
                                     ": --validation-group needs one whole number for each row, "
                                     "but this is " +
                                     std::string(name_of(info.type)) + " with " +
                                     counted(info.features(), "column"));
  }
  if (info.rows() != data.rows) {
    throw Error(ErrorKind::data, name + ": " + counted(info.rows(), "group") + " for " +
                                     counted(data.rows, "row") + " of " + data.name +
                                     ": --validation-group needs one for each row");
  }
  return read_integers(reader);
}

/// The part of each row of a source; neighbours are asked for one after the other.
class Sides {
 public:
  Sides(const RowsOfData& data, const RowViews& views, const DatasetAddress& options)
      : split_(views.split), series_(data.series) {
    if (!split_.groups.empty()) {
      groups_ = read_groups(data, split_, options);
    } else if (views.window > 0) {
      block_ = windows_a_block * views.window;
    }
  }

  bool held_out(Index row) {
    const std::int64_t item = item_of(row);
    if (!known_ || item != item_) {
      item_ = item;
      known_ = true;
      held_out_ = is_held_out(split_, static_cast<std::uint64_t>(item));
    }
    return held_out_;
  }

 private:
  [[nodiscard]] std::int64_t item_of(Index row) const {
    if (!groups_.empty()) return groups_[static_cast<std::size_t>(row)];
    if (block_ == 0) return row;
    const Index begin = *(std::ranges::upper_bound(series_, row) - 1);
    return begin + (row - begin) / block_ * block_;
  }

  const RowSplit& split_;
  std::vector<Index> series_;
  std::vector<std::int64_t> groups_;
  Index block_ = 0;
  std::int64_t item_ = 0;
  bool known_ = false;
  bool held_out_ = false;
};

}  // namespace

bool is_held_out(const RowSplit& split, std::uint64_t item) {
  const std::uint64_t word = draw(split, item);
  if (split.folds > 0) {
    const auto fold =
        static_cast<Index>((static_cast<Wide>(word) * static_cast<Wide>(split.folds)) >> 64);
    return fold == split.fold - 1;
  }
  return static_cast<double>(word >> 11) * 0x1p-53 < split.fraction;
}

namespace {

bool selects(const std::string& text) { return !text.empty() && text != "all"; }

bool parts(const RowViews& views) { return views.part != DataPart::all && views.split.active(); }

RowRuns rows_of_part(const RowsOfData& data, const RowRuns& chosen, const RowViews& views,
                     const DatasetAddress& options) {
  const bool wanted = views.part == DataPart::validation;
  Sides sides(data, views, options);
  RowRuns part;
  for (std::size_t r = 0; r < chosen.run_count(); ++r) {
    const RowRuns::Piece run = chosen.run(r);
    // Rows of a run stay one, so that windows of every second row can be made of them.
    Index begin = 0;
    for (Index i = 0; i < run.count; ++i) {
      if (sides.held_out(run.first + i * run.step) == wanted) continue;
      part.append(run.first + begin * run.step, i - begin, run.step);
      begin = i + 1;
    }
    part.append(run.first + begin * run.step, run.count - begin, run.step);
  }
  if (part.size() > 0) return part;
  const std::string option = views.split.folds > 0 ? "--folds" : "--validation-fraction";
  const std::string more = views.split.folds > 0
                               ? "fewer folds"
                               : std::string(wanted ? "a larger" : "a smaller") + " fraction";
  const std::string blocks = views.window > 0 && views.split.groups.empty()
                                 ? " (its " + counted(data.rows, "row") +
                                       " are drawn in blocks of " +
                                       std::to_string(windows_a_block * views.window) + ", " +
                                       std::to_string(windows_a_block) + " windows each)"
                                 : "";
  throw Error(ErrorKind::usage, option + (wanted ? " holds out no row of " : " leaves no row of ") +
                                    data.name + blocks + (wanted ? "" : " for training") +
                                    ": use " + more + " or another --split-seed" +
                                    (blocks.empty() ? "" : ", or --validation with other data"));
}

}  // namespace

bool chooses_rows(const RowViews& views) { return selects(views.rows) || parts(views); }

RowRuns chosen_rows(const RowsOfData& data, const RowViews& views, const DatasetAddress& options) {
  const Selectable from{"--select-rows", "row", data.name, data.rows, {}, true};
  const RowRuns chosen =
      selects(views.rows) ? select_indices(views.rows, from, options) : RowRuns(data.rows);
  return parts(views) ? rows_of_part(data, chosen, views, options) : chosen;
}

}  // namespace hourglass
