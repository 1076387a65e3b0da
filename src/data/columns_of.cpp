#include "data/columns_of.hpp"

#include "hdf5/address_list.hpp"
#include "hdf5/dataset_texts.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::vector<Column> columns_of(const DatasetInfo& info) {
  // Chosen columns, windows and data sets side by side are not the table's columns any more.
  const RowViews& views = info.address.options.views;
  if (!info.address.options.target.empty()) return {};
  if (!views.columns.empty() || views.window > 0 || names_side_by_side(info.address)) return {};
  const std::vector<std::string> texts = dataset_texts(info.address, "columns");
  if (texts.size() != 1) return {};
  std::vector<Column> columns = columns_from(texts.front(), to_string(info.address));
  const bool whole = !columns.empty() && columns.back().features.end == info.features();
  return whole && has_kinds(columns) ? columns : std::vector<Column>();
}

void check_columns(const DatasetInfo& info, const std::vector<Column>& wanted,
                   const std::string& origin) {
  if (wanted.empty()) return;
  const std::vector<Column> found = columns_of(info);
  if (found.empty() || found == wanted) return;
  std::size_t c = 0;
  while (c < found.size() && c < wanted.size() && found[c] == wanted[c]) ++c;
  const std::string& name = c < wanted.size() ? wanted[c].name : found[c].name;
  throw Error(ErrorKind::data,
              to_string(info.address) + ": its columns are not those of " + origin + ": column '" +
                  name +
                  "' differs in name, kind or categories; import it with --like and the "
                  "training data");
}

}  // namespace hourglass
