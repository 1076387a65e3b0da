#include "engine/band_exchange.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace hourglass {

namespace {

std::vector<std::vector<Range>> ranges_of_ranks(const Communicator& communicator,
                                                std::span<const Range> own) {
  std::string bytes(own.size_bytes(), '\0');
  if (!own.empty()) std::memcpy(bytes.data(), own.data(), own.size_bytes());
  std::vector<std::vector<Range>> ranges;
  for (const std::string& text : communicator.all_gather(bytes)) {
    ranges.emplace_back(text.size() / sizeof(Range));
    if (!text.empty()) std::memcpy(ranges.back().data(), text.data(), text.size());
  }
  return ranges;
}

}  // namespace

BandExchange::BandExchange(const Communicator& communicator, std::span<const Range> owned,
                           std::span<const MatrixBand> bands, bool replicated,
                           std::span<float> arena)
    : communicator_(communicator.duplicate()),
      rank_(communicator.rank()),
      bands_(bands),
      arena_(arena),
      pieces_(bands.size()) {
  const auto ranges = ranges_of_ranks(communicator_, owned);
  std::size_t collected = 0;
  std::size_t received = 0;
  std::size_t sent = 0;
  for (std::size_t b = 0; b < bands_.size(); ++b) {
    Pieces& pieces = pieces_[b];
    for (int owner = 0; owner < communicator_.size(); ++owner) {
      if (owner == bands_[b].rank || (owner != rank_ && !is_own(b))) continue;
      for (const Range& range : ranges[static_cast<std::size_t>(owner)]) {
        const Range part{std::max(range.begin, bands_[b].floats.begin),
                         std::min(range.end, bands_[b].floats.end)};
        if (part.end <= part.begin) continue;
        const Piece piece{is_own(b) ? owner : bands_[b].rank, part};
        if (!replicated) pieces.to_worker.push_back(piece);
        pieces.from_worker.push_back(piece);
      }
    }
    pieces.first = is_own(b) ? sent : received;
    collected += pieces.to_worker.size();
    (is_own(b) ? sent : received) += pieces.from_worker.size();
  }
  collecting_.resize(collected);
  receiving_.resize(received);
  sending_.resize(sent);
}

// The messages of a band have a tag of their own, and between two ranks the same order at both.
void BandExchange::start_collect() {
  auto request = collecting_.begin();
  for (std::size_t b = 0; b < bands_.size(); ++b) {
    const int tag = static_cast<int>(2 * b);
    for (const Piece& piece : pieces_[b].to_worker) {
      *request++ = is_own(b) ? communicator_.receive(floats(piece.floats), piece.rank, tag)
                             : communicator_.send(floats(piece.floats), piece.rank, tag);
    }
  }
}

void BandExchange::start_return() {
  auto request = receiving_.begin();
  for (std::size_t b = 0; b < bands_.size(); ++b) {
    if (is_own(b)) continue;
    for (const Piece& piece : pieces_[b].from_worker) {
      *request++ =
          communicator_.receive(floats(piece.floats), piece.rank, static_cast<int>(2 * b + 1));
    }
  }
}

void BandExchange::send(std::size_t band) {
  std::size_t request = pieces_[band].first;
  for (const Piece& piece : pieces_[band].from_worker) {
    sending_[request++] =
        communicator_.send(floats(piece.floats), piece.rank, static_cast<int>(2 * band + 1));
  }
}

std::span<Request> BandExchange::receives_of(std::size_t band) {
  if (is_own(band)) return {};
  return std::span(receiving_).subspan(pieces_[band].first, pieces_[band].from_worker.size());
}

}  // namespace hourglass
