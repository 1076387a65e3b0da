#include "system/live_line.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace hourglass {

namespace {

bool launched() {
  return std::getenv("PMIX_RANK") != nullptr || std::getenv("PMI_RANK") != nullptr;
}

// The standard output of the launcher.
std::string launchers_output() { return fmt::format("/proc/{}/fd/1", getppid()); }

Index columns_of(int descriptor) {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

// A launcher gives its processes a terminal of their own even when its own output goes to a file:
// then its output decides.
bool on_terminal() {
  if (isatty(STDOUT_FILENO) == 0) return false;
  if (!launched()) return true;
  std::error_code error;
  const auto target = std::filesystem::read_symlink(launchers_output(), error).string();
  return !error && (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty"));
}

Index terminal_columns() {
  constexpr Index usual = 80;
  Index columns = 0;
  if (launched()) {
    const int descriptor =
        open(launchers_output().c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0) {
      columns = columns_of(descriptor);
      close(descriptor);
    }
  } else {
    columns = columns_of(STDOUT_FILENO);
  }
  return columns > 0 ? columns : usual;
}

std::string fitted(std::string text, Index columns) {
  while (static_cast<Index>(text.size()) >= columns) {
    const std::size_t last = text.rfind("  ");
    if (last == std::string::npos || last == 0) {
      text.resize(static_cast<std::size_t>(columns > 1 ? columns - 1 : 0));
      break;
    }
    text.resize(last);
  }
  return text;
}

void LiveLine::show(const std::string& text) {
  // Asked anew each time: windows change their size.
  fmt::print("\r{}\033[K", fitted(text, terminal_columns()));
  std::fflush(stdout);
  shown_ = true;
}

void LiveLine::clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stdout);
  std::fflush(stdout);
  shown_ = false;
}

}  // namespace hourglass
