#include "train/empty_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "config/data_reading.hpp"
#include "data/count_statistics.hpp"
#include "engine/training_data.hpp"
#include "hdf5/index_selection.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// "0:5,6:9": all of `chosen` but those at the positions `left_out`, ascending.
std::string text_without(const RowRuns& chosen, const std::vector<Index>& left_out) {
  std::string text;
  const auto append = [&](Index first, Index end) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", first, end);
  };
  Index first = -1;
  Index end = -1;
  for (Index position = 0; position < chosen.size(); ++position) {
    if (std::ranges::binary_search(left_out, position)) continue;
    const Index index = chosen.row(position);
    if (index != end) {
      if (first >= 0) append(first, end);
      first = index;
    }
    end = index + 1;
  }
  if (first >= 0) append(first, end);
  return text;
}

/// What `text` chose of all, by its numbers among them.
RowRuns chosen_by(const std::string& text, const Selectable& from, const DatasetAddress& options) {
  return text.empty() ? RowRuns(from.total) : select_indices(text, from, options);
}

}  // namespace

TrainConfig without_empty_counts(const Communicator& communicator, const TrainConfig& config) {
  if (config.empty_counts != EmptyCounts::drop) return config;
  ReadOptions reading = training_reading(config);
  reading.views.part = DataPart::all;
  const auto chosen = open_everywhere(communicator, config.data, reading);
  reading.views.rows.clear();
  reading.views.columns.clear();
  const auto all = open_everywhere(communicator, config.data, reading);
  const CountStatistics statistics = count_statistics(communicator, *chosen);
  TrainConfig result = config;
  result.empty_counts = EmptyCounts::keep;
  RowViews& views = result.reading.views;
  collectively(communicator, [&] {
    if (!(statistics.median_library > 0)) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: no sample has counts", to_string(all->info().address)));
    }
    const DatasetInfo& info = all->info();
    const std::string name = to_string(info.address);
    DatasetAddress options = info.address;  // of the masks and indices that selections name
    options.options.views = {};
    const auto dropped = [&](const std::vector<Index>& empty, Index of, const char* noun) {
      result.count_notes.push_back(
          fmt::format("counts: {} of {} {} have none and are left out", empty.size(), of, noun));
    };
    if (!statistics.empty_samples.empty()) {
      const Selectable rows{"--select-rows", "row", name, info.rows(), {}, true};
      views.rows = text_without(chosen_by(views.rows, rows, options), statistics.empty_samples);
      dropped(statistics.empty_samples, statistics.samples, "samples");
    }
    if (!statistics.empty_features.empty()) {
      const Selectable columns{"--select-columns", "column",           name,
                               info.features(),    info.feature_names, false};
      views.columns =
          text_without(chosen_by(views.columns, columns, options), statistics.empty_features);
      dropped(statistics.empty_features, chosen->info().features(), "features");
    }
  });
  return result;
}

}  // namespace hourglass
