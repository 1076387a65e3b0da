# Standard and library headers that most sources include, parsed once a target: this halves the time of a clean build. Sources still
# include what they use (tests/program/header_test.py; HOURGLASS_PRECOMPILED_HEADERS=OFF builds without). Our own headers are never in
# the list: changing one would rebuild everything.
option(HOURGLASS_PRECOMPILED_HEADERS "Parse the most used system headers once a target" ON)
set(HOURGLASS_STANDARD_HEADERS
  <algorithm> <array> <atomic> <bit> <cmath> <cstdint> <cstring> <filesystem> <functional> <limits> <map> <memory> <optional> <span>
  <string> <string_view> <utility> <vector>)

function(hourglass_precompile target)
  if(HOURGLASS_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} PRIVATE ${HOURGLASS_STANDARD_HEADERS} ${ARGN})
  endif()
endfunction()

# For targets with the same flags as `owner`: uses the headers it precompiled.
function(hourglass_precompile_from target owner)
  if(HOURGLASS_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()
