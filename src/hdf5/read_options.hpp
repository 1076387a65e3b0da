#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

/// How data are to be read, whichever data set they come from.
struct ReadOptions {
  /// Follow references to other files and load filter plug-ins; refused otherwise.
  bool allow_external = false;
  /// The channels of samples that are stored with these first, to be read with them last
  /// (hdf5/channels_last.hpp); 0: as they are stored.
  Index leading_channels = 0;
};

}  // namespace hourglass
