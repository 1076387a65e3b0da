#!/usr/bin/env bash
# Regenerates what docs/scaling.md shows: simulates the clusters, measures this machine (which must be idle), and where root and
# iproute2 are at hand measures 2 and 4 hosts at 1 Gbit/s. Tables go to build/scaling/tables.md, curves to docs/img/.
#   scripts/scaling.sh [simulate|measure|network]...     all three by default; what was simulated before is kept
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=build/scaling
program=build/release/bin/hourglass
mkdir -p "$folder"
[ $# -gt 0 ] || set -- simulate measure network
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
model=(--layers "784,1000,500,250,30" --activation relu)

simulate() {
  for study in weak strong allreduce; do
    python3 bench/simulate/simulate.py "$study" --output "$folder/$study.jsonl" --folder build/simulate
  done
  python3 bench/simulate/curves.py "$folder"/{weak,strong,allreduce}.jsonl --images docs/img | tee "$folder/tables.md"
}

measure() {
  "$program" scale --weak --ranks "1,$(nproc)" --reduction tree,allreduce --output "$folder/node-weak.jsonl" -- "${model[@]}"
  "$program" scale --strong --ranks "1,$(nproc)" --reduction tree,allreduce --output "$folder/node-strong.jsonl" -- "${model[@]}"
  "$program" report scaling "$folder/node-weak.jsonl" "$folder/node-strong.jsonl" --output "$folder/node.html"
}

# Hosts share this machine's cores, so computing slows down as well: compare the columns "exchange" and the network figures.
network() {
  for hosts in 2 4; do
    scripts/netns_hosts.sh up "$hosts" || { echo "scaling.sh: no hosts of network namespaces: skipped"; return 0; }
    scripts/netns_hosts.sh on hg0 "$program" scale --weak --ranks "$hosts" --reduction tree,allreduce --launch-options "$(scripts/netns_hosts.sh launch)" --repetitions 3 --steps 10 \
      --output "$folder/hosts-$hosts.jsonl" -- "${model[@]}" || { scripts/netns_hosts.sh down; return 1; }
    scripts/netns_hosts.sh down
  done
  "$program" report scaling "$folder"/hosts-{2,4}.jsonl --output "$folder/hosts.html"
}

for part in "$@"; do
  case "$part" in
    simulate | measure | network) "$part" ;;
    *)
      echo "usage: scripts/scaling.sh [simulate|measure|network]..." >&2
      exit 64
      ;;
  esac
done
