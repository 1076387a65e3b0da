#pragma once

#include <span>
#include <vector>

#include "engine/matrix_plan.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/request.hpp"

namespace hourglass {

/// Moves bands of weight matrices, in an arena, between the ranks that own their floats (the
/// segments of the exchange) and the ranks that work on them: first what a band is made from to its
/// rank, then the result back. Values are moved, not computed with.
///
/// A step is: start_collect(), wait for all of collecting(); start_return(); send(b) of each own
/// band when it is ready; wait for receives_of(b) before band b is read; wait for all of sending()
/// before the arena is written again. All calls come from the main thread; nothing allocates after
/// construction.
class BandExchange {
 public:
  /// `owned`: this rank's floats of the arena. With `replicated` every rank owns all of them:
  /// nothing is collected, and results go to every rank. `bands` and `arena` outlive this.
  /// Collective.
  BandExchange(const Communicator& communicator, std::span<const Range> owned,
               std::span<const MatrixBand> bands, bool replicated, std::span<float> arena);

  void start_collect();
  [[nodiscard]] std::span<Request> collecting() { return collecting_; }
  void start_return();
  void send(std::size_t band);
  [[nodiscard]] std::span<Request> receives_of(std::size_t band);
  [[nodiscard]] std::span<Request> sending() { return sending_; }

 private:
  struct Piece {
    int rank = 0;  // the other one
    Range floats;
  };
  // By band: what this rank exchanges with others for it.
  struct Pieces {
    std::vector<Piece> to_worker;    // collect: sends, or receives on the band's rank
    std::vector<Piece> from_worker;  // return: receives, or sends on the band's rank
    std::size_t first = 0;           // of its requests in receiving_ or sending_
  };
  [[nodiscard]] std::span<float> floats(Range range) {
    return arena_.subspan(static_cast<std::size_t>(range.begin),
                          static_cast<std::size_t>(range.size()));
  }
  [[nodiscard]] bool is_own(std::size_t band) const { return bands_[band].rank == rank_; }

  Communicator communicator_;
  int rank_;
  std::span<const MatrixBand> bands_;
  std::span<float> arena_;
  std::vector<Pieces> pieces_;  // by band
  std::vector<Request> collecting_;
  std::vector<Request> receiving_;
  std::vector<Request> sending_;
};

}  // namespace hourglass
