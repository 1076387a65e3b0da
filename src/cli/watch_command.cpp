#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <span>

#include "cli/command.hpp"
#include "cli/page_server.hpp"
#include "cli/watched_runs.hpp"
#include "core/process.hpp"
#include "hourglass/core/error.hpp"
#include "report/live_page.hpp"
#include "system/priority.hpp"
#include "system/secret_token.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

constexpr const char* content_name = "live";  // as the page's script asks for it

// The page of all runs and those of single ones, at "" and "run-1/", and the content of each alone,
// which the page asks for. They are made when they are asked for and anything has changed, and
// files are looked at no more than once a second: nobody who looks, no work.
class LiveDocuments {
 public:
  explicit LiveDocuments(const std::vector<std::string>& words) : runs_(words) {}

  const ServedDocument* find(const std::string& name) {
    if (const auto now = Clock::now(); now - looked_ >= std::chrono::seconds(1)) {
      if (runs_.advance()) ++version_;
      looked_ = now;
    }
    const bool is_content = name.ends_with(content_name);
    const std::string place = name.substr(0, name.rfind('/') + 1);  // npos + 1 is 0
    if (name != place + (is_content ? content_name : "")) return nullptr;
    const auto all = runs_.runs();
    if (place.empty()) return &made(place, all, runs_.remarks(), is_content);
    const auto one = std::ranges::find(all, place, &ComparedRun::page);
    if (one == all.end()) return nullptr;
    return &made(place, {&*one, 1}, {}, is_content);
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Live {
    ServedDocument content;
    ServedDocument page;
    Index version = 0;
  };

  const ServedDocument& made(const std::string& place, std::span<const ComparedRun> runs,
                             const std::vector<std::string>& remarks, bool is_content) {
    Live& live = made_[place];
    if (live.version != version_) {
      const std::string tag = std::to_string(version_);
      live.content = {"text/html; charset=utf-8", live_content(runs, remarks), tag};
      live.page = {"text/html; charset=utf-8", live_page(live.content.body, tag), tag};
      live.version = version_;
    }
    return is_content ? live.content : live.page;
  }

  WatchedRuns runs_;
  Clock::time_point looked_ = Clock::now();
  Index version_ = 1;
  std::map<std::string, Live> made_;  // by the address of the page
};

void run_watch(const Arguments& arguments) {
  if (arguments.positional.empty())
    throw Error(ErrorKind::usage, "name run folders: hourglass watch run1/ run2/");
  const Index port = arguments.integer("port", 0, 0);
  if (port > 65535)
    throw Error(ErrorKind::usage, fmt::format("--port is {}, but ports end at 65535", port));
  give_way_to_other_processes();
  const StopSignal stop(std::vector<int>{});
  LiveDocuments documents(arguments.positional);
  PageServer server(static_cast<int>(port), secret_token(),
                    [&](const std::string& name) { return documents.find(name); });
  fmt::print(
      "{0}\nOpen this address in a browser of this machine; Ctrl-C ends it.\nElsewhere: ssh "
      "-L {1}:127.0.0.1:{1} {2}, then the same address there.\n",
      server.address(), server.port(), host_name());
  std::fflush(stdout);
  while (StopSignal::received() == 0) server.serve(std::chrono::milliseconds(250));
}

}  // namespace

Command watch_command() {
  return {"watch",
          "Serve a live page of runs in progress to a browser on this machine",
          "hourglass watch run1/ run2/ sweep/ [--port 8080]",
          "The page of one run shows the curves of its report, that of several what compare shows; "
          "both follow the runs without being reloaded, also when these are killed and resumed. A "
          "folder of runs, such as that of a sweep, stands for all of them, and for those that "
          "begin later.\n"
          "Only this machine can reach the page (127.0.0.1), and only with the address that is "
          "printed, which holds a random token. From another machine, forward the port: ssh -L "
          "PORT:127.0.0.1:PORT HOST. The server is read-only, serves no files, and takes the "
          "processor time that the training leaves.\n",
          {{"port", "output", "Port of 127.0.0.1; 0: a free one", "0", false},
           {"help", "output", "Show this text", "", true}},
          1000,
          false,
          run_watch};
}

}  // namespace hourglass
