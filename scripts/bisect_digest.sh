#!/usr/bin/env bash
# Finds the commit that changed the bits of a training: for `git bisect run`, or alone to print the
# digest of this commit.
#   scripts/bisect_digest.sh [--ranks N] [--expect DIGEST] -- OPTIONS OF hourglass train
# Builds the commit that is checked out into build/bisect, trains with the options (without
# --output; paths are relative to the root of the clone) and compares the weights digest of the
# model with DIGEST. Exit codes are those of `git bisect run`:
#   0      the digest is DIGEST; without --expect, the digest is printed
#   1      the digest is another one
#   125    this commit says nothing: it does not build, or its program does not train
#   200    wrong usage, or no temporary folder: ends the bisection
# git bisect checks out other commits, which need not have this script: run a copy in build/.
# CMAKE_OPTIONS are more words for the configuration: CMAKE_OPTIONS="-DHOURGLASS_ARCH=x86-64-v3".
set -euo pipefail

usage() {
  echo "usage: bisect_digest.sh [--ranks N] [--expect DIGEST] -- OPTIONS OF hourglass train" >&2
  exit 200
}

ranks='' expected=''
while [ $# -gt 0 ]; do
  case "$1" in
    --ranks) ranks=${2-} ;;
    --expect) expected=${2-} ;;
    --) break ;;
    *) usage ;;
  esac
  [ -n "${2-}" ] || usage
  shift 2
done
[ $# -ge 2 ] || usage
shift
[[ "$ranks,$expected" =~ ^([1-9][0-9]*)?,([0-9a-f]{32})?$ ]] || usage

root=$(git rev-parse --show-toplevel) && cd "$root" && work=$(mktemp -d) || exit 200
trap 'rm -rf "$work"' EXIT
build=build/bisect
program=$build/bin/hourglass
commit=$(git rev-parse --short HEAD)

skip() {
  echo "bisect_digest.sh: $commit $*: skipped" >&2
  exit 125
}

# Runs a command silently. When it fails, the end of what it said is shown and the commit skipped.
try() { # WHAT COMMAND...
  local what=$1
  shift
  "$@" >"$work/log" 2>&1 </dev/null || {
    tail -n 20 "$work/log" >&2
    skip "does not $what"
  }
}

read -r -a options <<<"${CMAKE_OPTIONS-}"
try configure cmake --preset release -B "$build" -DHOURGLASS_TESTS=OFF \
  -DHOURGLASS_BENCHMARKS=OFF "${options[@]}"
try build cmake --build "$build" --target hourglass_program

launch=()
if [ -n "$ranks" ]; then
  launch=(mpirun --oversubscribe --bind-to none -n "$ranks")
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
fi
try train "${launch[@]}" "$program" train "$@" --output "$work/run"
try "inspect its model" "$program" inspect "$work/run/model.h5"
digest=$(sed -nE 's/^weights digest +([0-9a-f]{32})$/\1/p' "$work/log")
[ -n "$digest" ] || skip "prints no weights digest"

if [ -z "$expected" ]; then
  echo "$digest"
elif [ "$digest" = "$expected" ]; then
  echo "$commit: $digest, as expected"
else
  echo "$commit: $digest, expected $expected"
  exit 1
fi
