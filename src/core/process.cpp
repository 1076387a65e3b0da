#include "core/process.hpp"

#include <unistd.h>
#include <ctime>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace hourglass {

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name[0] == '\0' ? "localhost" : name.data();
}

std::int64_t process_start(std::int64_t process) {
  std::ifstream stream("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stream, text);
  // Fields are counted from the end of the program's name, which may hold spaces and parentheses.
  const auto after_name = text.rfind(')');
  if (after_name == std::string::npos) return -1;
  std::istringstream fields(text.substr(after_name + 1));
  constexpr int start_time = 22 - 2;
  std::string field;
  for (int i = 0; i < start_time; ++i) fields >> field;
  std::int64_t ticks = -1;
  return std::istringstream(field) >> ticks ? ticks : -1;
}

double process_age() {
  const std::int64_t start = process_start(getpid());
  if (start < 0) return 0;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double seconds = static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  return std::max(0.0,
                  seconds - static_cast<double>(start) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace hourglass
