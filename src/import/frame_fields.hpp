#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass {

/// What the cells of a stored frame's column are in memory, once they have been read.
enum class CellKind {
  number,    ///< double
  boolean,   ///< one byte
  time,      ///< int64: nanoseconds since 1970-01-01 00:00 UTC; the smallest: missing
  duration,  ///< int64: nanoseconds; the smallest: missing
  code,      ///< int64: number of a category; below 0: missing
  text,      ///< characters of a fixed length
  pointer,   ///< text of any length, which the library allocates
};

/// A column of a frame: its cells, in the rows of one of the data sets that it is stored in.
struct FrameField {
  std::string name;
  CellKind kind = CellKind::number;
  ElementType type = ElementType::f64;  ///< of numbers, as stored
  std::size_t part = 0;
  std::size_t offset = 0;               ///< in a row of the part as it is read
  std::size_t bytes = 0;                ///< of a text
  std::vector<std::string> categories;  ///< by code
};

/// A data set that holds some of the columns.
struct FramePart {
  std::string name;  ///< for messages
  hdf5::Handle dataset;
  hdf5::Handle space;
  hdf5::Handle element;       ///< what an element is read as: a number of a block, or a record
  std::size_t row_bytes = 0;  ///< in memory
  bool has_pointers = false;  ///< texts of any length
};

/// Rows of a part in memory, with the texts that the library has allocated for them.
class FrameBlock {
 public:
  FrameBlock(const FramePart& part, Index rows)
      : bytes_(static_cast<std::size_t>(rows) * part.row_bytes), row_bytes_(part.row_bytes) {}
  FrameBlock(FrameBlock&&) noexcept = default;
  FrameBlock& operator=(FrameBlock&&) = delete;
  ~FrameBlock();

  [[nodiscard]] const std::byte* row(Index number) const {
    return bytes_.data() + static_cast<std::size_t>(number) * row_bytes_;
  }

 private:
  friend struct Frame;
  std::vector<std::byte> bytes_;
  std::size_t row_bytes_;
  hdf5::Handle element_;  // set where texts have to be given back
  hdf5::Handle space_;
};

/// The text of a cell of kind text, pointer or number; `row` is the row of its part.
[[nodiscard]] std::string cell_text(const FrameField& field, const std::byte* row);
/// The number of a cell of the other kinds, as it is read; codes, times and durations as integers.
[[nodiscard]] double cell_number(const FrameField& field, const std::byte* row);
[[nodiscard]] std::int64_t cell_integer(const FrameField& field, const std::byte* row);

/// A data frame of pandas, fixed or table format, or a data set of records.
struct Frame {
  std::string name;  ///< the address, for messages
  std::string file;
  hdf5::Handle opened;
  std::vector<FramePart> parts;
  std::vector<FrameField> fields;  ///< in the order of the frame's columns
  std::vector<std::string> names;  ///< of all stored columns, those left out too
  std::string missing_text;        ///< the text that stands for a missing one
  Index rows = 0;

  /// Reads rows of a part. Throws Error(data).
  [[nodiscard]] FrameBlock read(std::size_t part, Range rows) const;
};

/// The frame that an address leads to; none when it is something else, or one block or table of
/// numbers, which DatasetReader reads as it is. Without `drop`ped columns. Throws as DatasetReader
/// for files; Error(data) for columns of pickled objects, complex numbers and other types that have
/// no columns, with advice; Error(usage) for a dropped column that is not there.
[[nodiscard]] std::optional<Frame> open_frame(const DatasetAddress& address,
                                              const std::vector<std::string>& drop);

}  // namespace hourglass
