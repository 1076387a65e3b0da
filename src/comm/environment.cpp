#include "hourglass/comm/environment.hpp"

#include <cctype>
#include <cstdlib>
#include <sstream>

#include "comm/mpi_check.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

bool is_running() {
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized != 0 && finalized == 0;
}

// By default, Open MPI's MPI_Iallreduce sends whole buffers up and down a binomial tree when they
// are reduced in place: twice the bytes of an algorithm that divides them, as Rabenseifner's does.
// A choice in the user's environment is kept.
void choose_allreduce_algorithm() { setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", 0); }

}  // namespace

Environment::Environment(int& argc, char**& argv) {
  choose_allreduce_algorithm();
  int provided = MPI_THREAD_SINGLE;
  detail::check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided),
                    "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw Error(ErrorKind::usage,
                library_version() +
                    " was built without thread support; use one that offers MPI_THREAD_FUNNELED");
  }
  // Errors that belong to no other communicator (a bad datatype, a failed split) are reported on
  // these.
  detail::check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
                    "MPI_Comm_set_errhandler");
  detail::check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN),
                    "MPI_Comm_set_errhandler");
}

Environment::~Environment() {
  if (is_running()) MPI_Finalize();
}

void Environment::abort(int exit_code) {
  if (is_running()) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::string Environment::library_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(text, &length);
  // "Open MPI v4.1.4, package: ...", "MPICH Version:      4.0.2\nMPICH Release date: ...", "SMPI
  // Version 3.32. Copyright ...".
  const std::string_view whole(text, static_cast<std::size_t>(length));
  const std::string_view line = whole.substr(0, whole.find_first_of(",\n"));
  std::istringstream words(std::string(line.substr(0, line.find(". "))));
  std::string result;
  for (std::string word; words >> word;) {
    if (word == "Version" || word == "Version:") continue;
    if (word.size() > 1 && word[0] == 'v' && std::isdigit(static_cast<unsigned char>(word[1])) != 0)
      word.erase(0, 1);
    result += (result.empty() ? "" : " ") + word;
  }
  return result;
}

}  // namespace hourglass
