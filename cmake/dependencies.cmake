# Every library the project stands on.
# Those that link by targets of packages, which need no C in the project that looks for them: found by the installed package too.
set(HOURGLASS_LINKED_PACKAGES Threads ZLIB PNG JPEG fmt)
foreach(package ${HOURGLASS_LINKED_PACKAGES})
  find_package(${package} REQUIRED)
endforeach()
find_package(MPI REQUIRED COMPONENTS C)
# Debian installs the serial flavour beside the parallel one, and CMake prefers it unless told.
set(HDF5_PREFER_PARALLEL TRUE)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 was built without MPI: install libhdf5-openmpi-dev (scripts/install_deps.sh does)")
endif()
find_library(HWLOC_LIBRARY NAMES hwloc REQUIRED)
find_path(HWLOC_INCLUDE_DIR NAMES hwloc.h REQUIRED)
find_library(OPENBLAS_LIBRARY NAMES openblas REQUIRED)
find_path(OPENBLAS_INCLUDE_DIR NAMES openblas_config.h PATH_SUFFIXES openblas openblas-pthread REQUIRED)
# Optional: GEMMs in bfloat16, and in fp32 as an alternative.
find_library(DNNL_LIBRARY NAMES dnnl)
find_path(DNNL_INCLUDE_DIR NAMES oneapi/dnnl/dnnl.hpp)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_library(MICROHTTPD_LIBRARY NAMES microhttpd REQUIRED)
find_path(MICROHTTPD_INCLUDE_DIR NAMES microhttpd.h REQUIRED)
find_package(nlohmann_json REQUIRED) # headers only
find_library(XXHASH_LIBRARY NAMES xxhash REQUIRED)
find_library(LZF_LIBRARY NAMES lzf REQUIRED)
find_path(LZF_INCLUDE_DIR NAMES lzf.h PATH_SUFFIXES liblzf REQUIRED)
find_path(RANDOM123_INCLUDE_DIR NAMES Random123/philox.h REQUIRED)
# Those that link by their files. The installed package names the same files: another MPI or HDF5 than the library was built with would
# not do, and to look for them again a project would have to enable C.
separate_arguments(HOURGLASS_MPI_FILES NATIVE_COMMAND "${MPI_C_LINK_FLAGS}")
list(APPEND HOURGLASS_MPI_FILES ${MPI_C_LIBRARIES})
set(HOURGLASS_LINKED_FILES ${HDF5_C_LIBRARIES} ${OPENBLAS_LIBRARY} ${XXHASH_LIBRARY} ${LZF_LIBRARY} ${HWLOC_LIBRARY})
