#!/usr/bin/env bash
# Regenerates what docs/scaling.md shows: simulates the clusters, measures this machine (which must be idle), and where root and
# iproute2 are at hand measures 2 and 4 hosts at 1 Gbit/s. Tables go to build/scaling/tables.md, curves to docs/img/.
#   scripts/scaling.sh [simulate|measure|network|validate]...   all by default; what was simulated or measured before is kept
# An interrupted part goes on where it was when the command is given again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=build/scaling
program=build/release/bin/hourglass
mkdir -p "$folder"
[ $# -gt 0 ] || set -- simulate measure network validate
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
model=(--layers "784,1000,500,250,30" --activation relu)

# A study with the exchange hidden behind the computation and one without.
both() {
  local output=$1 overlap
  shift
  for overlap in true false; do
    "$@" --output "$folder/$output-overlap-$overlap.jsonl" -- "${model[@]}" --bucket-bytes "$bucket" --overlap "$overlap"
  done
}

simulate() {
  for study in weak strong allreduce; do
    python3 bench/simulate/simulate.py "$study" --output "$folder/$study.jsonl" --folder build/simulate
  done
}

measure() {
  local bucket=4MiB
  both node-weak "$program" scale --weak --ranks "1,$(nproc)" --reduction tree,allreduce
  both node-strong "$program" scale --strong --ranks "1,$(nproc)" --reduction tree,allreduce
  "$program" report scaling "$folder"/node-*.jsonl --output "$folder/node.html"
}

# Hosts share this machine's cores, so that computing slows down from the third host on: compare phases, not steps, of different
# numbers of hosts. Small buckets, because MPI moves messages over TCP only inside calls of MPI, and the kernel a buffer's worth between them.
network() {
  local bucket=1MiB hosts
  for hosts in 2 4; do
    scripts/netns_hosts.sh up "$hosts" || { echo "scaling.sh: no hosts of network namespaces: skipped"; return 0; }
    trap 'scripts/netns_hosts.sh down' EXIT
    both "hosts-$hosts" scripts/netns_hosts.sh on hg0 "$program" scale --weak --ranks "$hosts" --micro-batch 1024 --reduction tree,allreduce \
      --repetitions 3 --steps 10 --warm-up 2 --launch-options "$(scripts/netns_hosts.sh launch)"
    scripts/netns_hosts.sh down
  done
  "$program" report scaling "$folder"/hosts-*.jsonl --output "$folder/hosts.html"
}

# What has been measured, simulated with the passes, updates and links that were measured.
validate() {
  shopt -s nullglob
  local measured=("$folder"/node-*.jsonl "$folder"/hosts-*.jsonl)
  [ ${#measured[@]} -gt 0 ] || return 0
  python3 bench/simulate/simulate.py validate --measured "${measured[@]}" --output "$folder/validate.jsonl" --folder build/simulate
}

for part in "$@"; do
  case "$part" in
    simulate | measure | network | validate) "$part" ;;
    *)
      echo "usage: scripts/scaling.sh [simulate|measure|network|validate]..." >&2
      exit 64
      ;;
  esac
done
shopt -s nullglob
python3 bench/simulate/curves.py "$folder"/{weak,strong,allreduce,validate}.jsonl --images docs/img >"$folder/tables.md"
echo "tables in $folder/tables.md, curves in docs/img"
