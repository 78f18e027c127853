#!/usr/bin/env bash
# What a container runtime makes of an image, by namespaces alone: contain.sh [--net] ROOT [NAME=value…] COMMAND…
# COMMAND is the first process, as user 1000 with these variables and no others, on ROOT, read-only but for a tmpfs on
# /tmp. --net: in a network of its own, which has only loopback. What runs in it ends with this. Options of env(1), such as
# -C DIR, may stand before the variables. With CONTAINER_FILTER, a program of that kind (tests/support/
# container_filter.cpp), the container has the rights that an engine gives by default. Needs root.
set -euo pipefail
network=
[ "$1" != --net ] || { network=$1; shift; }
exec unshare --pid --mount $network --fork --kill-child sh -c '
    set -e
    network=$1 root=$2
    shift 2
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    mount -o remount,bind,ro "$root"
    # SIOCSIFFLAGS: up, running.
    [ -z "$network" ] || perl -MSocket -e "my \$lo = pack q(a16 s x22), q(lo), 0x41; socket S, AF_INET, SOCK_DGRAM, 0; ioctl S, 0x8914, \$lo or die"
    exec ${CONTAINER_FILTER:-} chroot --userspec=1000:1000 "$root" env -i "$@"' sh "$network" "$@"
