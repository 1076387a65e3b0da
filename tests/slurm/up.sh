#!/usr/bin/env bash
# A Slurm cluster on this host for as long as a test needs it: as root, without systemd, its files all in one folder.
#   tests/slurm/up.sh FOLDER NODES PORT    nodes n1..nNODES of 2 CPUs; PORT and the NODES + 1 after it must be free
#   export SLURM_CONF=FOLDER/slurm.conf    then srun, sbatch, scontrol ... speak to it
#   kill $(cat FOLDER/pids)                ends it
# Partition low (the default) gives way to high: its jobs are requeued.
set -euo pipefail
folder=$(mkdir -p "${1:?folder}" && cd "$1" && pwd)
nodes=${2:?nodes}
port=${3:?port}
host=$(hostname -s)
export SLURM_CONF=$folder/slurm.conf

mkdir -p "$folder"/{munge,state,log}
chmod 755 "$folder" "$folder/munge"
head -c 64 /dev/urandom >"$folder/key"
chmod 600 "$folder/key"
: >"$folder/pids"

cat >"$SLURM_CONF" <<CONF
ClusterName=hourglass
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/log/slurmctld
# One host plays all nodes: each needs a spool, a log and a temporary folder of its own.
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmdLogFile=$folder/log/%n
SlurmdSpoolDir=$folder/spool.%n
TmpFS=$folder/tmp.%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
PropagateResourceLimits=NONE
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# A test does not wait for a scheduler that is in no hurry.
SchedulerParameters=bf_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=3
ReturnToService=2
$(for ((i = 1; i <= nodes; ++i)); do
  echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=2 State=UNKNOWN"
done)
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=6
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF
CONF

daemon() {
  "$@" >"$folder/log/$1.out" 2>&1 </dev/null &
  echo $! >>"$folder/pids"
}
# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local tries=$(($1 * 10)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      echo "up.sh: $what did not come up; see $folder/log" >&2
      xargs kill <"$folder/pids"
      exit 1
    fi
    sleep 0.1
  done
}
all_idle() { [ "$(sinfo -h -p low -t idle -o %D)" = "$nodes" ]; }

daemon munged -F --force --key-file="$folder/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
  --log-file="$folder/log/munged" --seed-file="$folder/munge/seed"
wait_for 20 munged munge -S "$folder/munge/socket" -n
daemon slurmctld -D -c
for ((i = 1; i <= nodes; ++i)); do
  mkdir -p "$folder/spool.n$i" "$folder/tmp.n$i"
  daemon slurmd -D -N "n$i"
done
wait_for 60 "a node" all_idle
