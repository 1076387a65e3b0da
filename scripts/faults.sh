#!/usr/bin/env bash
# The fault-injection suite in its long form: tests/program/{kill,stop,watchdog,silent_error,disk_fault,resume}_test.py, with 200 kills
# (or as many as the first argument says) at random moments, and the network between two hosts cut for 5 s and for good (as root; the
# hosts are network namespaces). One line per case; takes about a quarter of an hour. Works from any folder; HOURGLASS names another program than the release build's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export HOURGLASS=${HOURGLASS:-$PWD/build/release/bin/hourglass}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export HOURGLASS_FAULT_KILLS=${1:-200} HOURGLASS_FAULT_SEED=${HOURGLASS_FAULT_SEED:-$RANDOM}
echo "faults: $HOURGLASS_FAULT_KILLS kills, HOURGLASS_FAULT_SEED=$HOURGLASS_FAULT_SEED"
for name in kill stop watchdog silent_error disk_fault resume link; do
  /usr/bin/python3 -B "tests/program/${name}_test.py" -v
done
