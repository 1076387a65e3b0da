#include "hourglass/train/resume_point.hpp"

#include <fmt/format.h>

#include <vector>

#include "hourglass/io/byte_file.hpp"

namespace hourglass {

ResumePoint find_resume_point(const Communicator& communicator, const std::string& path) {
  ResumePoint point{RunFolder(path), std::nullopt, {}, {}, {}};
  collectively(communicator, [&] {
    if (!communicator.is_root()) return;
    // First of all: a run that is still writing would replace its checkpoints under the reader's hands.
    point.folder.open();
    std::vector<std::string> notes;
    point.state = point.folder.newest_valid(notes);
    if (point.state) point.checkpoint = point.state->path;
    point.origin = point.state ? point.checkpoint : point.folder.config_path();
    point.configuration = point.state ? point.state->header.configuration : read_text(point.origin);
    for (const std::string& note : notes) fmt::print("{}\n", note);
    fmt::print("resuming {} from {}\n", path, point.state ? point.checkpoint : "its beginning");
  });
  for (std::string* text : {&point.checkpoint, &point.configuration, &point.origin}) *text = communicator.broadcast(*text);
  return point;
}

}  // namespace hourglass
