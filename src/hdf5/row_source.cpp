#include "hdf5/row_source.hpp"

#include <utility>

#include "hdf5/address_list.hpp"
#include "hdf5/array_dataset.hpp"
#include "hdf5/channels_last.hpp"
#include "hdf5/index_selection.hpp"
#include "hdf5/joined_dataset.hpp"
#include "hdf5/ordered_columns.hpp"
#include "hdf5/row_split.hpp"
#include "hdf5/selected_columns.hpp"
#include "hdf5/selected_rows.hpp"
#include "hdf5/side_by_side.hpp"
#include "hdf5/sparse_dataset.hpp"
#include "hdf5/windows.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

void RowSource::read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const {
  const auto row_bytes = static_cast<std::size_t>(info().row_bytes());
  for (const Range& run : runs) {
    const std::size_t size = static_cast<std::size_t>(run.size()) * row_bytes;
    read_rows(run, bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

void RowSource::read_sparse(std::span<const Range> /*runs*/, CompressedRows& /*rows*/) const {
  throw Error(ErrorKind::bug, "internal error: dense rows read as sparse ones");
}

namespace {

std::unique_ptr<RowSource> open_named(const DatasetAddress& address) {
  if (names_several(address)) return std::make_unique<JoinedDataset>(address);
  if (!names_side_by_side(address)) {
    if (names_array_file(address)) return std::make_unique<ArrayDataset>(address);
    return open_stored(address);
  }
  std::vector<std::unique_ptr<RowSource>> sides;
  for (const DatasetAddress& side : split_sides(address)) sides.push_back(open_named(side));
  return std::make_unique<SideBySide>(std::move(sides), address);
}

// The inputs as all options but the choice of rows give them, and the target as it is stored.
std::unique_ptr<RowSource> open_pair(const DatasetAddress& address) {
  if (address.options.views.window > 0) {
    throw Error(ErrorKind::usage,
                "--target cannot be combined with --window: leave out one of them");
  }
  DatasetAddress inputs = address;
  inputs.options.target.clear();
  inputs.options.views = {};
  inputs.options.views.columns = address.options.views.columns;
  DatasetAddress target = parse_address(address.options.target);
  target.options = address.options.without_columns();
  target.options.views = {};
  std::vector<std::unique_ptr<RowSource>> sides;
  sides.push_back(open_rows(inputs));
  sides.push_back(open_rows(target));
  DatasetAddress pair = address;
  pair.options.views = inputs.options.views;
  return std::make_unique<SideBySide>(std::move(sides), pair);
}

bool selects(const std::string& text) { return !text.empty() && text != "all"; }

DatasetAddress without_views(const DatasetAddress& address) {
  DatasetAddress whole = address;
  whole.options = address.options.without_columns();
  whole.options.views = {};
  return whole;
}

}  // namespace

std::unique_ptr<RowSource> open_whole(const DatasetAddress& address) {
  const bool paired = !address.options.target.empty();
  std::unique_ptr<RowSource> rows =
      paired ? open_pair(address) : open_named(without_views(address));
  if (const Index channels = paired ? 0 : address.options.leading_channels; channels > 0)
    rows = std::make_unique<ChannelsLast>(std::move(rows), channels);
  return rows;
}

RowRuns chosen_of(const RowSource& whole, const DatasetAddress& address) {
  const DatasetInfo& info = whole.info();
  return chosen_rows({to_string(info.address), info.rows(), whole.series()}, address.options.views,
                     without_views(address));
}

std::unique_ptr<RowSource> open_rows(const DatasetAddress& address) {
  const bool paired = !address.options.target.empty();
  if (!paired && !address.options.column_order.empty())
    return std::make_unique<OrderedColumns>(address);
  const RowViews& views = address.options.views;
  const DatasetAddress named = without_views(address);
  std::unique_ptr<RowSource> rows = open_whole(address);
  const std::string name = to_string(rows->info().address);
  if (chooses_rows(views)) {
    RowRuns chosen = chosen_of(*rows, address);
    rows = std::make_unique<SelectedRows>(std::move(rows), std::move(chosen), views);
  }
  if (!paired && selects(views.columns)) {
    const DatasetInfo& info = rows->info();
    const Selectable from{"--select-columns", "column",           name,
                          info.features(),    info.feature_names, false};
    const RowRuns chosen = select_indices(views.columns, from, named);
    rows = std::make_unique<SelectedColumns>(std::move(rows), chosen, views);
  }
  if (views.window > 0)
    rows = std::make_unique<Windows>(std::move(rows), views.window, views.stride, views);
  return rows;
}

}  // namespace hourglass
