#include "train/watchdog.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "core/process.hpp"
#include "core/timer.hpp"
#include "hourglass/core/error.hpp"
#include "system/stuck_launcher.hpp"

namespace hourglass {

namespace {

constexpr int last_phase = static_cast<int>(Work::ending);
constexpr int beats_until_dead = 3;

std::string whereabouts(const RankReport& report) {
  return fmt::format("rank {} (process {} on {})", report.rank, report.process, report.host);
}

std::string doing(const RankReport& report) {
  return fmt::format("{} in step {}", name_of(report.doing.phase), report.doing.step + 1);
}

// "rank 2 (...), rank 5 (...) and 3 more".
std::string list(const std::vector<RankReport>& reports) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, reports.size()); ++i)
    text += (i == 0 ? "" : ", ") + whereabouts(reports[i]);
  return reports.size() > shown ? text + fmt::format(" and {} more", reports.size() - shown) : text;
}

// Opened each time: what is closed is what other hosts see, and opening shows what they have
// written.
void put_line(const std::string& file, const RankReport& report) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  const std::string line = report.to_line();
  static_cast<void>(pwrite(descriptor, line.data(), line.size(),
                           static_cast<off_t>(report.rank) * static_cast<off_t>(line.size())));
  close(descriptor);
}

std::vector<RankReport> read_lines(const std::string& file, int ranks) {
  std::vector<RankReport> reports;
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  for (int rank = 0; rank < ranks; ++rank) {
    std::string line(RankReport::line_bytes, ' ');
    std::optional<RankReport> report;
    const auto place = static_cast<off_t>(rank) * static_cast<off_t>(line.size());
    if (descriptor >= 0 && pread(descriptor, line.data(), line.size(), place) > 0)
      report = RankReport::from_line(line);
    // A rank that never wrote counts as one that does not run.
    reports.push_back(report ? *report : RankReport{rank, "an unknown host", 0, 0, {}, 0});
    reports.back().rank = rank;
  }
  if (descriptor >= 0) close(descriptor);
  return reports;
}

// How long a launcher takes to end a job at most, in seconds: what it allows the ranks after a
// SIGTERM, and some more.
double launcher_patience() {
  constexpr double usual = 10;
  const char* grace = std::getenv("OMPI_MCA_odls_base_sigkill_timeout");
  return usual + (grace == nullptr ? 0 : std::max(0.0, std::strtod(grace, nullptr)));
}

}  // namespace

std::string RankReport::to_line() const {
  std::string line = fmt::format(
      "rank {} host {:.100} process {} beat {} step {} phase {} waiting {} ticks {} still {:.3f}",
      rank, host, process, beat, doing.step, static_cast<int>(doing.phase), doing.waiting ? 1 : 0,
      doing.ticks, still);
  line.resize(line_bytes - 1, ' ');
  return line + '\n';
}

std::optional<RankReport> RankReport::from_line(const std::string& line) {
  std::istringstream stream(line);
  RankReport report;
  std::string word;
  int phase = 0;
  int waiting = 0;
  if (!(stream >> word >> report.rank >> word >> report.host >> word >> report.process >> word >>
        report.beat >> word >> report.doing.step >> word >> phase >> word >> waiting >> word >>
        report.doing.ticks >> word >> report.still) ||
      phase < 0 || phase > last_phase) {
    return std::nullopt;
  }
  report.doing.phase = static_cast<Work>(phase);
  report.doing.waiting = waiting != 0;
  return report;
}

std::string verdict(std::span<const RankReport> before, std::span<const RankReport> after,
                    double limit) {
  std::vector<RankReport> dead;
  std::vector<RankReport> stuck;
  bool moving = false;
  for (std::size_t r = 0; r < after.size(); ++r) {
    const RankReport& report = after[r];
    if (report.beat == before[r].beat) {
      dead.push_back(report);
    } else if (report.doing.ticks != before[r].doing.ticks || report.still < limit / 2) {
      moving = true;
    } else if (!report.doing.waiting) {
      stuck.push_back(report);
    }
  }
  if (!dead.empty()) {
    return fmt::format("{} {} not run any more; last seen {}", list(dead),
                       dead.size() == 1 ? "does" : "do", doing(dead.front()));
  }
  if (!stuck.empty()) {
    return fmt::format("{} made no progress for {:.0f} s; last seen {}", list(stuck),
                       stuck.front().still, doing(stuck.front()));
  }
  if (moving || after.empty()) return "";
  const auto first =
      std::min_element(after.begin(), after.end(), [](const RankReport& a, const RankReport& b) {
        return std::pair(a.doing.step, a.doing.phase) < std::pair(b.doing.step, b.doing.phase);
      });
  return fmt::format(
      "all ranks wait for each other for {:.0f} s: the network does not deliver; {} is furthest "
      "behind, {}",
      first->still, whereabouts(*first), doing(*first));
}

Watchdog::Watchdog(std::string file, int rank, int ranks, double limit, std::string advice)
    : file_(std::move(file)),
      rank_(rank),
      ranks_(ranks),
      limit_(limit),
      beat_(std::clamp(limit / 8, 0.05, 5.0)),
      advice_(std::move(advice)) {
  // The others know this process's name, no matter how it ends.
  put_line(file_, {rank_, host_name(), getpid(), 0, activity::now(), 0});
  writer_ = std::jthread([this](const std::stop_token& stop) { write_reports(stop); });
  judge_ = std::jthread([this](const std::stop_token& stop) { judge(stop); });
}

Watchdog::~Watchdog() {
  judge_.request_stop();
  writer_.request_stop();
  judge_.join();
  writer_.join();
  if (rank_ == 0) unlink(file_.c_str());
}

bool Watchdog::pause(const std::stop_token& stop, double seconds) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
  return !stop.stop_requested();
}

void Watchdog::write_reports(const std::stop_token& stop) {
  RankReport mine{rank_, host_name(), getpid(), 0, {}, 0};
  while (!stop.stop_requested()) {
    ++mine.beat;
    mine.doing = activity::now();
    put_line(file_, mine);
    bool wanted = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, std::chrono::duration<double>(beat_), [this] { return wanted_; });
      wanted = std::exchange(wanted_, false);
      mine.still = still_;
    }
    if (!wanted) continue;
    auto reports = read_lines(file_, ranks_);
    const std::lock_guard lock(mutex_);
    reports_ = std::move(reports);
    wake_.notify_all();
  }
}

std::optional<std::vector<RankReport>> Watchdog::ask_for_reports(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  reports_.reset();
  wanted_ = true;
  wake_.notify_all();
  const double patience = std::max(limit_ / 2, 1.0);
  wake_.wait_for(lock, stop, std::chrono::duration<double>(patience),
                 [this] { return reports_.has_value(); });
  return reports_;
}

void Watchdog::judge(const std::stop_token& stop) {
  std::uint64_t ticks = activity::now().ticks;
  Timer since_tick;
  while (pause(stop, beat_)) {
    const std::uint64_t current = activity::now().ticks;
    if (current != ticks) since_tick.restart();
    ticks = current;
    {
      const std::lock_guard lock(mutex_);
      still_ = since_tick.seconds();
    }
    if (since_tick.seconds() < limit_) continue;
    const auto before = ask_for_reports(stop);
    if (!pause(stop, beats_until_dead * beat_)) return;
    const auto after = ask_for_reports(stop);
    if (stop.stop_requested() || activity::now().ticks != ticks) continue;
    if (!before || !after) {
      const RankReport me{rank_, host_name(), getpid(), 0, activity::now(), 0};
      end_job(fmt::format("the file system of {} does not answer; {} was last seen {}", file_,
                          whereabouts(me), doing(me)));
    }
    const std::string what = verdict(*before, *after, limit_);
    if (what.empty()) continue;
    // One rank speaks: the lowest that runs. The others give it time to end the job.
    int speaker = 0;
    while (speaker < rank_ && (*after)[static_cast<std::size_t>(speaker)].beat ==
                                  (*before)[static_cast<std::size_t>(speaker)].beat) {
      ++speaker;
    }
    if (speaker == rank_ || (pause(stop, limit_ / 2 + 2) && activity::now().ticks == ticks))
      end_job(what);
  }
}

void Watchdog::end_job(const std::string& what) const {
  fmt::print(stderr, "hourglass: watchdog: {}; {}\n", what, advice_);
  std::fflush(stderr);
  end_launcher_after(launcher_patience());
  // Not exit(): the main thread may be anywhere. The launcher sees a rank that failed and ends the
  // others.
  _exit(static_cast<int>(ErrorKind::rank));
}

}  // namespace hourglass
