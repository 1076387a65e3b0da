#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/memory_advice.hpp"
#include "comm/separate_copies.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "run/version.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {

namespace {

// Before MPI is initialized, the launcher's environment identifies the process that prints.
bool is_first_process() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  }
  return true;
}

void print(const std::string& text) {
  if (!is_first_process()) return;
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void report(const Error& error) {
  fmt::print(stderr, "hourglass: {}\n", error.what());
  std::fflush(stderr);
}

void check_launcher(const Command& command, const Arguments& arguments, int ranks) {
  const std::string choice = arguments.get("launcher", "auto");
  if (choice != "auto" && choice != "none") {
    throw Error(ErrorKind::usage, fmt::format("--launcher {}: choose auto or none", choice),
                Reach::everywhere);
  }
  if (choice == "none" || !command.one_job) return;
  const std::string problem = separate_copies(ranks, std::getenv);
  if (!problem.empty()) throw Error(ErrorKind::usage, problem);
}

// Runs a command under MPI. An error that all ranks share ends them in good order; one that a rank
// alone has met ends the job.
int run_with_mpi(const Command& command, const Arguments& arguments, int& argc, char**& argv) {
  const Environment environment(argc, argv);
  use_single_threaded_blas();
  const auto world = Communicator::world();
  const auto end = [&](const Error& error) {
    const bool shared = error.reach() == Reach::everywhere || world.size() == 1;
    if (!shared || world.is_root())
      report(with_memory_advice(error, command, arguments, world.size()));
    if (!shared) Environment::abort(error.exit_code());
    return error.exit_code();
  };
  try {
    check_launcher(command, arguments, world.size());
    command.run(arguments);
    return 0;
  } catch (const Error& error) {
    return end(error);
  } catch (const std::bad_alloc&) {
    return end(Error(ErrorKind::io, "out of memory"));
  }
}

int run(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    const auto all = commands();
    if (words.size() == 2 && words[0] == "help") {
      print(command_help(find_command(all, words[1])));
    } else {
      print(program_help());
    }
    return words.empty() ? static_cast<int>(ErrorKind::usage) : 0;
  }
  if (words[0] == "--version") {
    print(version() + "\n" + build_description());
    return 0;
  }
  const auto all = commands();
  const Command& command = find_command(all, words[0]);
  if (std::any_of(words.begin() + 1, words.end(),
                  [](const auto& word) { return word == "--help" || word == "-h"; })) {
    print(command_help(command));
    return 0;
  }
  const Arguments arguments =
      parse_arguments(command.options, {words.begin() + 1, words.end()}, command.max_positional);
  if (command.uses_mpi) return run_with_mpi(command, arguments, argc, argv);
  if (is_first_process()) command.run(arguments);
  return 0;
}

}  // namespace
}  // namespace hourglass

namespace {

extern "C" void ignore_signal(int) {}

// OpenBLAS chooses its kernel when it is loaded. Where its choice is a poor one and nobody has made
// another, the program begins anew with a better one; if that fails, it goes on with this one.
void take_better_blas_core(char** argv) {
  constexpr const char* variable = "OPENBLAS_CORETYPE";
  if (std::getenv(variable) != nullptr) return;
  const std::string core = hourglass::better_blas_core();
  if (core.empty() || setenv(variable, core.c_str(), 1) != 0) return;
  // By its path: a program started as /proc/self/exe is named "exe".
  std::error_code failed;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) execv(program.c_str(), argv);
}

// Not ignored: that would be passed on to programs that are started. A file that would become too
// large is an error of the write; a signal that asks a job to stop and comes before its training
// ends that at its first step, and is ignored afterwards.
void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = ignore_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGXFSZ, &action, nullptr);
  hourglass::StopSignal::remember(SIGUSR1);
}

// Flushes standard output; a failure is reported and changes the exit code.
int flush_output(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  const hourglass::Error error(
      hourglass::ErrorKind::io,
      fmt::format("cannot write to standard output: {}",
                  errno != 0 ? std::strerror(errno) : "its file is full or closed"));
  hourglass::report(error);
  return code != 0 ? code : error.exit_code();
}

}  // namespace

int main(int argc, char** argv) {
  take_better_blas_core(argv);
  install_signal_handlers();
  using hourglass::Error;
  using hourglass::ErrorKind;
  try {
    return flush_output(hourglass::run(argc, argv));
  } catch (const Error& error) {
    if (hourglass::is_first_process()) hourglass::report(error);
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    hourglass::report(Error(ErrorKind::io, "out of memory"));
    return static_cast<int>(ErrorKind::io);
  } catch (const std::system_error& error) {
    hourglass::report(hourglass::error_of(error));
    return static_cast<int>(ErrorKind::io);
  } catch (const std::exception& error) {
    hourglass::report(
        Error(ErrorKind::bug, fmt::format("internal error: {}; please report it", error.what())));
    return static_cast<int>(ErrorKind::bug);
  }
}
