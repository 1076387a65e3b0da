#pragma once

#include "hdf5/row_views.hpp"

namespace hourglass {

/// How data are to be read, whichever data set they come from.
struct ReadOptions {
  /// Follow references to other files and load filter plug-ins; refused otherwise.
  bool allow_external = false;
  RowViews views;
};

}  // namespace hourglass
