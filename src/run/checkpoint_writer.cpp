#include "run/checkpoint_writer.hpp"

#include <algorithm>
#include <utility>

namespace hourglass {

void CheckpointWriter::start_from(const std::string& path, Index step) {
  last_ = path;
  step_ = step;
}

void CheckpointWriter::write(Index step, const StateHeader& header, std::vector<StoredArena> arenas,
                             bool kept) {
  finish();
  kept_ = kept;
  path_ = folder_.checkpoint_path(step);
  writer_ = std::make_unique<StateWriter>(communicator_, path_, header, std::move(arenas),
                                          async_ ? &snapshot_ : nullptr);
  step_ = step;
  if (!async_) finish();
}

void CheckpointWriter::advance() {
  if (writer_ && writer_->advance()) complete();
}

void CheckpointWriter::finish() {
  if (!writer_) return;
  writer_->finish();
  complete();
}

void CheckpointWriter::complete() {
  last_ = path_;
  duration_ = std::max(duration_, writer_->work_seconds());
  writer_.reset();
  if (kept_) {
    collectively(communicator_, [&] {
      if (communicator_.is_root()) folder_.keep(step_);
    });
  }
  if (communicator_.is_root()) folder_.prune(keep_);
}

double CheckpointWriter::take_duration() { return std::exchange(duration_, 0.0); }

}  // namespace hourglass
