#pragma once

namespace hourglass {

/// How data are to be read, whichever data set they come from.
struct ReadOptions {
  /// Follow references to other files and load filter plug-ins; refused otherwise.
  bool allow_external = false;
};

}  // namespace hourglass
