#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// What is known of the values of a data set, as they are stored. NaN are left out.
struct ValueRange {
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -std::numeric_limits<double>::infinity();
  bool whole = true;  ///< every value is a whole number
  /// The largest distance of 255 x and of 65535 x from a whole number: images that were divided by
  /// the largest value of their type keep its steps.
  double off_steps_of_255 = 0;
  double off_steps_of_65535 = 0;
  Index rows = 0;  ///< rows looked at

  [[nodiscard]] bool known() const { return lowest <= highest; }
  /// The largest |x|.
  [[nodiscard]] double magnitude() const;
  [[nodiscard]] bool within(double low, double high) const {
    return known() && lowest >= low && highest <= high;
  }

  /// Elements that are `missing` (NaN, or one of these stored numbers) are left out.
  void add(ElementType type, std::span<const std::byte> stored,
           const std::vector<double>& missing = {});
  void merge(const ValueRange& other);
};

/// Of every row; shared among the ranks, with the same result on any number of them. Collective.
/// Throws the same Error on every rank, as DatasetReader::read_rows.
[[nodiscard]] ValueRange value_range(const Communicator& communicator, const DatasetReader& reader,
                                     const std::vector<double>& missing = {});

/// The same of data up to 256 MiB; of 256 rows, evenly spaced, beyond.
[[nodiscard]] ValueRange typical_range(const Communicator& communicator,
                                       const DatasetReader& reader,
                                       const std::vector<double>& missing = {});
/// Of these rows. Local.
[[nodiscard]] ValueRange value_range(const DatasetReader& reader, Range rows,
                                     const std::vector<double>& missing = {});
/// Of at most `rows` rows, evenly spaced. Local.
[[nodiscard]] ValueRange sampled_range(const DatasetReader& reader, Index rows,
                                       const std::vector<double>& missing = {});

}  // namespace hourglass
