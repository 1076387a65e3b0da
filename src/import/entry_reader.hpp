#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "hdf5/sparse_matrix.hpp"
#include "import/sparse_reader.hpp"

namespace hourglass {

/// A sparse matrix whose elements come in another order than sample by sample. Its blocks are read
/// once to count the elements of each sample, and again for each piece of the samples that has
/// elements in them: pieces are as large as memory allows, so that most matrices have one.
class EntryReader : public SparseReader {
 public:
  [[nodiscard]] std::vector<Index> count(const Communicator& communicator) final;
  [[nodiscard]] std::vector<std::vector<Range>> pieces(const RowEntries& entries,
                                                       Index ranks) const final;
  void read(Range samples, const RowEntries& entries, CompressedRows& rows) final;

  /// Bytes of the elements of a piece; for tests.
  void set_piece_bytes(Index bytes) { piece_bytes_ = bytes; }

 protected:
  /// Takes an element: its value has size_of(type()) bytes.
  using Take = std::function<void(Index sample, Index feature, const std::byte* value)>;

  EntryReader();

  /// Parts that can be read alone.
  [[nodiscard]] virtual Index blocks() const = 0;
  /// Calls take() for every element of a block, all of them inside of the matrix. Throws
  /// Error(data).
  virtual void scan(Index block, const Take& take) = 0;
  /// Throws Error(data) unless the matrix has as many elements as its header claims. On one rank.
  virtual void check_total(Index elements) const = 0;

 private:
  Index piece_bytes_;
  std::vector<Range> samples_of_block_;  // that have elements in it
};

/// The samples of a matrix stored by columns (hdf5::SparseKind::csc).
[[nodiscard]] std::unique_ptr<SparseReader> open_sparse_columns(const hdf5::SparseGroup& matrix);

}  // namespace hourglass
