#include "import/row_copy.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "data/normalization.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index copied_at_once = Index{8} << 20;

/// The rows of the source that each rank has to copy, in the pieces of its rounds, about 8 MiB
/// each.
std::vector<std::vector<Range>> pieces_of(const RowReader& reader, const RowTarget& target,
                                          Index ranks) {
  const Index rows =
      std::max<Index>(1, copied_at_once / reader.row_bytes() / target.multiple) * target.multiple;
  std::vector<std::vector<Range>> pieces(static_cast<std::size_t>(ranks));
  for (Index rank = 0; rank < ranks; ++rank) {
    const Range part = reader.part(rank, ranks);
    for (const Range& left :
         target.finished->missing({target.first + part.begin, target.first + part.end})) {
      for (Index row = left.begin; row < left.end; row += rows) {
        pieces[static_cast<std::size_t>(rank)].push_back(
            {row - target.first, std::min(left.end, row + rows) - target.first});
      }
    }
  }
  return pieces;
}

/// Values that `train` would refuse are refused before they are copied.
void refuse_non_finite(const RowReader& reader, Range rows, std::span<const std::byte> bytes) {
  if (reader.may_miss_values()) return;  // and has seen to the others
  const Index bad = first_non_finite(reader.type(), bytes);
  if (bad < 0) return;
  const Index features = reader.row_bytes() / size_of(reader.type());
  throw Error(ErrorKind::data,
              reader.path() + ": row " + std::to_string(rows.begin + bad / features) +
                  " (from 0) holds a number that is not finite in single precision, "
                  "feature " +
                  std::to_string(bad % features) +
                  "; clean the data: drop such rows or replace such values");
}

}  // namespace

void copy_rows(const Communicator& communicator, RowReader& reader, const RowTarget& target,
               const std::function<void(Index)>& progress) {
  const auto pieces = pieces_of(reader, target, communicator.size());
  const std::vector<Range>& mine = pieces[static_cast<std::size_t>(communicator.rank())];
  std::size_t rounds = 0;
  for (const auto& of_rank : pieces) rounds = std::max(rounds, of_rank.size());
  Index largest = 0;
  for (const Range& piece : mine) largest = std::max(largest, piece.size());
  // Not initialised: what a header claims costs nothing until the file delivers it.
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(
      static_cast<std::size_t>(largest * reader.row_bytes()));
  Index done = target.first + target.finished->count({target.first, target.first + reader.rows()});
  Index place = reader.part(communicator.rank(), communicator.size()).begin;
  for (std::size_t round = 0; round < rounds; ++round) {
    collectively(communicator, [&] {
      if (round >= mine.size()) return;
      const Range piece = mine[round];
      const std::span bytes(memory.get(),
                            static_cast<std::size_t>(piece.size() * reader.row_bytes()));
      if (place < piece.begin) reader.skip_rows({place, piece.begin});
      reader.read_rows(piece, bytes);
      refuse_non_finite(reader, piece, bytes);
      target.write({target.first + piece.begin, target.first + piece.end}, bytes);
      place = piece.end;
    });
    std::vector<Range> written;
    for (const auto& of_rank : pieces) {
      if (round >= of_rank.size()) continue;
      written.push_back({target.first + of_rank[round].begin, target.first + of_rank[round].end});
      done += of_rank[round].size();
    }
    target.written(written);
    progress(done);
  }
}

}  // namespace hourglass
