#pragma once

namespace hourglass {

/// How data are to be read, whichever data set they come from.
struct ReadOptions {
  /// Follow references to other files and load filter plug-ins; refused otherwise.
  bool allow_external = false;
  /// Read rows that were never written as the fill value that their data set declares; refused
  /// otherwise.
  bool accept_fill = false;
};

}  // namespace hourglass
