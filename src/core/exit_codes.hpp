#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "hourglass/core/error.hpp"

namespace hourglass {

/// One row of the program's exit codes: its ErrorKind, whose value is the code, the kind's name in
/// the sources, and the meaning that the manual page and README.md give.
struct ExitCode {
  ErrorKind kind;
  std::string_view name;
  std::string_view meaning;

  [[nodiscard]] constexpr int code() const { return static_cast<int>(kind); }
};

/// The meaning of exit code 0, which is no error.
inline constexpr std::string_view success_meaning = "done";

/// Every ErrorKind once, in ascending order of its code.
inline constexpr std::array<ExitCode, 7> exit_codes = {{
    {ErrorKind::usage, "usage", "unknown, missing or contradictory settings"},
    {ErrorKind::data, "data", "bad data: malformed, not finite, wrong shape"},
    {ErrorKind::rank, "rank",
     "a rank, its node or its network failed (hung, killed, or its parameters differ from the "
     "others'): resume without it"},
    {ErrorKind::bug, "bug", "a bug: please report it"},
    {ErrorKind::io, "io", "input or output failed: missing file, no permission, disk full"},
    {ErrorKind::stopped, "stopped", "stopped on request with a checkpoint written: resume it"},
    {ErrorKind::diverged, "diverged", "diverged: a loss, gradient or parameter is not finite"},
}};

/// The kind that a code of this program stands for; nothing for 0 and for codes that are not ours.
[[nodiscard]] constexpr std::optional<ErrorKind> kind_of_exit_code(int code) {
  for (const ExitCode& row : exit_codes) {
    if (row.code() == code) return row.kind;
  }
  return std::nullopt;
}

}  // namespace hourglass
