#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hdf5/row_source.hpp"

namespace hourglass {

/// The smallest type that holds every value of both, float64 where none does.
[[nodiscard]] ElementType common_type(ElementType a, ElementType b);

/// Several sources of as many rows side by side: row r is the features of every source's row r, one
/// source after the other, in their common type.
class SideBySide : public RowSource {
 public:
  /// Throws Error(data), naming both, when two differ in their number of rows.
  SideBySide(std::vector<std::unique_ptr<RowSource>> sides, const DatasetAddress& address);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override { return sides_.front()->where(row); }
  [[nodiscard]] ElementPlace place(Index row, Index feature) const override;
  /// A series begins where one of any source does.
  [[nodiscard]] std::vector<Index> series() const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  void release() const override {
    for (const auto& side : sides_) side->release();
  }

 private:
  std::vector<std::unique_ptr<RowSource>> sides_;
  DatasetInfo info_;
};

}  // namespace hourglass
