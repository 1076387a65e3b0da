#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/columns.hpp"
#include "import/frame_fields.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// The typed columns of a data frame or a table of records: N x D features. Numbers and durations
/// (in seconds) are numbers, texts and pandas' categories are categories, booleans and times as in
/// tables of text. The type is float64 where a column of numbers needs it, or there are times;
/// float32 otherwise. Missing texts, categories and times are NaN, as NaN is.
///
/// `like`: the columns that the features are to be, found by name; a text that a vocabulary does
/// not have is unknown. Reads the columns of texts and times once to learn their categories and
/// format. Throws Error(data) for infinite numbers, more than 1000 categories in a column, and a
/// column of `like` (which `origin` has) that is missing or of another kind.
[[nodiscard]] std::unique_ptr<RowReader> frame_rows(Frame frame, const std::vector<Column>& like,
                                                    const std::string& origin);

/// The columns that frames of these columns share: of the first, with the categories of all, the
/// finest format of dates. Columns that another lacks stay, for frame_rows to name them.
[[nodiscard]] std::vector<Column> merged_columns(std::vector<Column> first,
                                                 const std::vector<Column>& other);

}  // namespace hourglass
