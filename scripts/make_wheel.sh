#!/usr/bin/env bash
# Makes the wheel of the Python package, hourglass-VERSION-py3-none-any.whl, with Python alone: no network, no setuptools. The same
# sources give the same bytes.
#   scripts/make_wheel.sh [FOLDER]    build/dist by default
#   pip install --no-index build/dist/hourglass-*.whl
set -euo pipefail
if [ $# -gt 1 ] || [[ "${1-}" == -* ]]; then
  echo "usage: scripts/make_wheel.sh [FOLDER]" >&2
  exit 64
fi
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build/dist}")
mkdir -p "$folder"
cd "$(dirname "${BASH_SOURCE[0]}")/../python"
name=$("${PYTHON:-python3}" -B -c 'import sys, build_backend; print(build_backend.build_wheel(sys.argv[1]))' "$folder")
echo "$folder/$name"
