#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The bytes that a rank of a training run holds, by what they are for. What a process needs
/// besides (code, MPI, HDF5, BLAS buffers) is at most 100 MiB: docs/performance.md compares.
struct MemoryPrediction {
  struct Item {
    std::string name;
    Index bytes = 0;
  };
  std::vector<Item> items;

  void add(const std::string& name, Index bytes) { items.push_back({name, bytes}); }
  [[nodiscard]] Index total() const;
  /// "memory: 123.4 MiB a rank: weights 10.8, ..." for the rank with the most.
  [[nodiscard]] std::string text() const;
};

}  // namespace hourglass
