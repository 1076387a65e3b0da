#include "run/resume_point.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "system/byte_file.hpp"

namespace hourglass {

ResumePoint find_resume_point(const Communicator& communicator, const std::string& path) {
  ResumePoint point{RunFolder(path), std::nullopt, {}, {}, {}, false};
  collectively(communicator, [&] {
    if (!communicator.is_root()) return;
    // First of all: a run that is still writing would replace its checkpoints under the reader's
    // hands.
    point.folder.open();
    std::vector<std::string> notes;
    if (auto found = point.folder.newest_valid(notes)) {
      point.state = std::move(found->state);
      point.checkpoint = point.state->path;
      point.configuration = std::move(found->configuration);
      point.origin = std::move(found->origin);
    } else {
      point.origin = point.folder.config_path();
      point.configuration = read_text(point.origin);
    }
    for (const std::string& note : notes) fmt::print("{}\n", note);
    fmt::print("resuming {} from {}\n", path, point.state ? point.checkpoint : "its beginning");
  });
  for (std::string* text : {&point.checkpoint, &point.configuration, &point.origin})
    *text = communicator.broadcast(*text);
  return point;
}

}  // namespace hourglass
