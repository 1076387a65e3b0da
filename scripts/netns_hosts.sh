#!/usr/bin/env bash
# Hosts made of network namespaces behind one switch, on this machine, as root: what several nodes with a slow network see.
#   scripts/netns_hosts.sh up COUNT [RATE]    makes hosts hg0..; RATE is tc's, 1gbit by default
#   scripts/netns_hosts.sh on HOST CMD...     runs a command on a host (its own name, its own /dev/shm)
#   scripts/netns_hosts.sh launch             prints words for mpirun, or hourglass scale --launch-options; run those on hg0, since
#                                             nothing outside of the hosts reaches them
#   scripts/netns_hosts.sh down
set -euo pipefail
state=/tmp/hourglass-netns
self=$(readlink -f "${BASH_SOURCE[0]}")

need() {
  if [ "$(id -u)" -ne 0 ] || ! command -v ip >/dev/null || ! command -v tc >/dev/null; then
    echo "netns_hosts.sh: needs root, ip and tc (iproute2)" >&2
    exit 77
  fi
}

down() {
  [ -e "$state/count" ] || return 0
  for namespace in hgswitch $(seq -f 'hg%.0f' 0 $(($(cat "$state/count") - 1))); do
    for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
    ip netns delete "$namespace" 2>/dev/null || true
  done
  rm -rf "$state"
}

up() {
  local count=$1 rate=${2:-1gbit}
  down
  mkdir -p "$state"
  echo "$count" >"$state/count"
  if ! ip netns add hgswitch 2>"$state/why"; then
    echo "netns_hosts.sh: no network namespaces here: $(cat "$state/why")" >&2
    rm -rf "$state"
    exit 77
  fi
  ip -n hgswitch link add br0 type bridge
  ip -n hgswitch link set br0 up
  echo "127.0.0.1 localhost" >"$state/hosts"
  for ((i = 0; i < count; i++)); do
    echo "10.77.0.$((i + 1)) hg$i" >>"$state/hosts"
    ip netns add "hg$i"
    ip -n "hg$i" link set lo up
    ip -n hgswitch link add "p$i" type veth peer name eth0 netns "hg$i"
    ip -n hgswitch link set "p$i" master br0 up
    ip -n "hg$i" addr add "10.77.0.$((i + 1))/24" dev eth0
    ip -n "hg$i" link set eth0 up
    tc -n "hg$i" qdisc add dev eth0 root tbf rate "$rate" burst 256k latency 20ms
    tc -n hgswitch qdisc add dev "p$i" root tbf rate "$rate" burst 256k latency 20ms
  done
  # What mpirun calls instead of ssh: its options first, then the host, then words for a shell.
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nhost=$1\nshift\nexec %s on "$host" sh -c "$*"\n' "$self" >"$state/agent"
  chmod +x "$state/agent"
}

on() {
  local host=$1
  shift
  # shellcheck disable=SC2016
  exec ip netns exec "$host" unshare -um sh -c '
    hostname "$1"; mount -t tmpfs tmpfs /dev/shm; mount --bind '"$state"'/hosts /etc/hosts; shift; exec "$@"' sh "$host" "$@"
}

launch() {
  local hosts
  hosts=$(seq -s, -f 'hg%.0f:1' 0 $(($(cat "$state/count") - 1)))
  echo "--bind-to none --mca plm rsh --mca plm_rsh_agent $state/agent --mca btl tcp,self,vader --mca btl_tcp_if_include 10.77.0.0/24" \
    "--mca oob_tcp_if_include 10.77.0.0/24 --mca mpi_yield_when_idle 1 -H $hosts"
}

case "${1-}" in
  up) need && shift && up "$@" ;;
  on) need && shift && on "$@" ;;
  launch) launch ;;
  down) need && down ;;
  *)
    echo "usage: scripts/netns_hosts.sh up COUNT [RATE] | on HOST CMD... | launch | down" >&2
    exit 64
    ;;
esac
