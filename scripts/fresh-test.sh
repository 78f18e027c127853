#!/usr/bin/env bash
# Types README's first two commands into a Debian 12 that has git, make and nothing else: fresh-test.sh [FOLDER [COMMAND…]]
# COMMANDs, if given, are typed instead of `make run` and `make test`, one after the other, in a clone of what is
# committed here. Needs root and debootstrap. FOLDER keeps the base between runs. What is mounted and started lives in
# namespaces that end with this script; the network is the machine's, for apt and npm, so port 3000 must be free.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/image}
shift || true
[ $# -gt 0 ] || set -- "make run" "make test"
scripts/debian-base.sh "$folder"
folder=$(realpath "$folder")
root=$folder/fresh-root
inside=
clean_up() {
    # unshare ignores SIGTERM while it waits; all that runs inside ends with it.
    [ -z "$inside" ] || { kill -KILL "$inside" 2>/dev/null && wait "$inside" 2>/dev/null; } || true
    rm -rf --one-file-system "$root"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP
clean_up
cp -a "$folder/base" "$root"
git clone --quiet --no-hardlinks . "$root/root/kpm"

# How this machine reaches its package sources: names, certificates of a proxy, its address.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
mkdir -p "$root/usr/local/share/ca-certificates"
cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
[ -z "${NODE_EXTRA_CA_CERTS:-}" ] || install -D -m 644 "$NODE_EXTRA_CA_CERTS" "$root$NODE_EXTRA_CA_CERTS"
# JOBS is make's; a ccache in the base goes on with this machine's files.
variables=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
for name in NODE_EXTRA_CA_CERTS npm_config_registry http_proxy https_proxy no_proxy JOBS "${!CCACHE_@}"; do
    [ -z "${!name:-}" ] || variables+=("$name=${!name}")
done

unshare --pid --mount --fork --kill-child bash -c '
    set -euo pipefail
    root=$1 ccache=$2
    shift 2
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
    if [ -n "$ccache" ]; then mkdir -p "$root$ccache" && mount --bind "$ccache" "$root$ccache"; fi
    # More than chroot: tests make namespaces of their own, and what is / must be a mount for them.
    cd "$root"
    pivot_root . mnt
    umount -l /mnt
    exec env -i "$@"' bash "$root" "${CCACHE_DIR:-}" "${variables[@]}" bash -c '
    set -euo pipefail
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends git make >/dev/null
    cd ~/kpm
    for command in "$@"; do
        echo "\$ $command"
        bash -c "$command" || { echo "error: $command: exit code $?" >&2; exit 1; }
    done' bash "$@" </dev/null &
inside=$!
code=0
wait "$inside" || code=$?
inside=
[ $code = 0 ] && echo "fresh: passed in a Debian 12 with nothing but git and make: $(printf '%s; ' "$@" | sed 's/; $//')"
exit $code
