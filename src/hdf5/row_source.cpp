#include "hdf5/row_source.hpp"

#include <utility>

#include "hdf5/address_list.hpp"
#include "hdf5/index_selection.hpp"
#include "hdf5/joined_dataset.hpp"
#include "hdf5/row_split.hpp"
#include "hdf5/selected_columns.hpp"
#include "hdf5/selected_rows.hpp"
#include "hdf5/side_by_side.hpp"
#include "hdf5/stored_dataset.hpp"
#include "hdf5/windows.hpp"

namespace hourglass {

namespace {

std::unique_ptr<RowSource> open_named(const DatasetAddress& address) {
  if (names_several(address)) return std::make_unique<JoinedDataset>(address);
  if (!names_side_by_side(address)) return std::make_unique<StoredDataset>(address);
  std::vector<std::unique_ptr<RowSource>> sides;
  for (const DatasetAddress& side : split_sides(address)) sides.push_back(open_named(side));
  return std::make_unique<SideBySide>(std::move(sides), address);
}

bool selects(const std::string& text) { return !text.empty() && text != "all"; }

}  // namespace

std::unique_ptr<RowSource> open_rows(const DatasetAddress& address) {
  const RowViews& views = address.options.views;
  DatasetAddress named = address;
  named.options.views = {};
  std::unique_ptr<RowSource> rows = open_named(named);
  const std::string name = to_string(rows->info().address);
  const bool parted = views.part != DataPart::all && views.split.active();
  if (selects(views.rows) || parted) {
    const Selectable from{"--select-rows", "row", name, rows->info().rows(), {}, true};
    RowRuns chosen = selects(views.rows) ? select_indices(views.rows, from, named)
                                         : RowRuns(rows->info().rows());
    if (parted) chosen = rows_of_part(*rows, chosen, views, named);
    rows = std::make_unique<SelectedRows>(std::move(rows), std::move(chosen), views);
  }
  if (selects(views.columns)) {
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
