#!/usr/bin/env bash
# A scaling study: one job for each number of nodes, and one that makes a report of them all.
#   slurm/scaling.sh FOLDER NODES [SBATCH-OPTIONS...] -- SCALE-OPTIONS... -- TRAIN-OPTIONS...
# for example
#   slurm/scaling.sh /shared/study 1,2,4,8 --ntasks-per-node=8 -- --strong -- --data /shared/data.h5:/train/samples --layers 784,1000,30
# Jobs run when Slurm finds nodes for them, in any order. The last one writes FOLDER/scaling.html from whatever succeeded. The command
# again adds what is missing, and other numbers of nodes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  echo "usage: slurm/scaling.sh FOLDER NODES [sbatch options] -- --strong|--weak [scale options] -- TRAIN OPTIONS   (NODES e.g. 1,2,4)" >&2
  exit 64
}
[ $# -ge 4 ] || usage
folder=$1
IFS=, read -r -a counts <<<"$2"
shift 2
for nodes in "${counts[@]}"; do
  [[ $nodes =~ ^[1-9][0-9]*$ ]] || usage
done
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  options+=("$1")
  shift
done
[ $# -gt 1 ] || usage
shift

mkdir -p "$folder"
export HOURGLASS_SLURM_DIR=$here
jobs=()
for nodes in "${counts[@]}"; do
  job=$(sbatch --parsable "${options[@]}" --nodes="$nodes" --output="$folder/nodes-$nodes.log" "$here/scaling.sbatch" "$folder" "$@")
  jobs+=("${job%%;*}")
  echo "job ${job%%;*}: $nodes nodes"
done

# afterany: a number of nodes that failed is missing in the report and no reason to have none.
after=$(IFS=: && echo "${jobs[*]}")
job=$(sbatch --parsable --dependency="afterany:$after" --job-name=hourglass-report --nodes=1 --ntasks=1 --time=00:10:00 \
  --output="$folder/report.log" <<SCRIPT
#!/bin/bash
source '$here/env.sh'
exec "\$HOURGLASS" report scaling '$folder'/nodes-*.jsonl --output '$folder/scaling.html'
SCRIPT
)
echo "job ${job%%;*}: $folder/scaling.html, when the others have ended"
