#pragma once

#include <functional>
#include <string>
#include <vector>

namespace hourglass {

/// Starts a program without a shell (posix_spawnp) and hands each complete line of its standard output to `line`; standard
/// error goes where ours goes, standard input is empty. Returns its exit code, 128 + n after signal n. When this process is
/// asked to stop (StopSignal) meanwhile, the child is asked as well. Throws Error(usage) when the program cannot be started.
int run_job(const std::vector<std::string>& words, const std::function<void(const std::string&)>& line);

/// The words of a text, divided at blanks.
[[nodiscard]] std::vector<std::string> words_of(const std::string& text);

}  // namespace hourglass
