#pragma once

#include <string>
#include <vector>

#include "hdf5/row_views.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// How data are to be read, whichever data set they come from.
struct ReadOptions {
  /// Follow references to other files and load filter plug-ins; refused otherwise.
  bool allow_external = false;
  RowViews views;
  /// Read rows that were never written as the fill value that their data set declares; refused
  /// otherwise.
  bool accept_fill = false;
  /// Another data set of as many rows, whose features stand behind those of each sample: what a
  /// model is to make of it. Choices of rows hold for both, all others for the samples alone.
  /// Empty: none.
  std::string target = {};
  /// Feature k is column column_order[k] of a row as all other options give it; empty: all columns
  /// in their order. Not the user's: found by comparing the data with a model.
  std::vector<Index> column_order = {};
  /// The shape of a sample whose columns have been put into that order.
  std::vector<Index> ordered_shape = {};
  /// The channels of samples that are stored with these first, to be read with them last
  /// (hdf5/channels_last.hpp); 0: as they are stored.
  Index leading_channels = 0;

  /// What holds for other data sets too: all but what is said of the columns.
  [[nodiscard]] ReadOptions without_columns() const {
    ReadOptions others = *this;
    others.target.clear();
    others.column_order.clear();
    others.ordered_shape.clear();
    others.leading_channels = 0;
    others.views.columns.clear();
    // Windows have labels of their own.
    if (others.views.window > 0) others.views = {};
    return others;
  }
};

}  // namespace hourglass
