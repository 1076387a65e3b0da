#!/usr/bin/env bash
# Makes the reference of the public API (Doxygen), build/doxygen/html/index.html.
# Works from any folder.
#   scripts/api_docs.sh [FOLDER]    another folder than build/doxygen
# Fails when Doxygen finds an error in a comment.
set -euo pipefail
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build/doxygen}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v doxygen >/dev/null; then
  echo "api_docs.sh: no doxygen; scripts/install_deps.sh --extras installs it" >&2
  exit 69
fi
version=$(sed -nE 's/^project\(hourglass VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
mkdir -p "$folder"
{
  cat docs/Doxyfile
  echo "PROJECT_NUMBER = $version"
  echo "OUTPUT_DIRECTORY = \"$folder\""
  if [ -e docs/api.md ]; then
    echo "INPUT += docs/api.md"
    echo "USE_MDFILE_AS_MAINPAGE = docs/api.md"
  fi
} | doxygen -
echo "$folder/html/index.html"
