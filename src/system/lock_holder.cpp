#include "system/lock_holder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>

#include "core/process.hpp"

namespace hourglass {

namespace {

std::string first_word(const std::string& path) {
  std::ifstream stream(path);
  std::string word;
  stream >> word;
  return word.empty() ? "-" : word;
}

}  // namespace

std::string LockHolder::name() const { return fmt::format("process {} on {}", process, host); }

LockHolder this_lock_holder() {
  return {host_name(), first_word("/proc/sys/kernel/random/boot_id"), getpid(),
          process_start(getpid()), 0};
}

std::string to_text(const LockHolder& holder) {
  return fmt::format("host {} boot {} process {} started {} renewed {:020}\n", holder.host,
                     holder.boot, holder.process, holder.started, holder.counter);
}

std::optional<LockHolder> read_lock_holder(int descriptor) {
  std::array<char, 512> text{};
  if (pread(descriptor, text.data(), text.size() - 1, 0) <= 0) return std::nullopt;
  std::istringstream stream(text.data());
  LockHolder holder;
  std::string word;
  if (!(stream >> word >> holder.host >> word >> holder.boot >> word >> holder.process >> word >>
        holder.started >> word >> holder.counter)) {
    return std::nullopt;
  }
  return holder;
}

bool runs_here(const LockHolder& holder, const LockHolder& here) {
  if (holder.boot != here.boot || holder.process <= 0) return false;
  if (kill(static_cast<pid_t>(holder.process), 0) != 0 && errno == ESRCH) return false;
  return process_start(holder.process) == holder.started;
}

}  // namespace hourglass
