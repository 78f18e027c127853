#!/usr/bin/env bash
# Makes a Debian 12 in FOLDER/base, once, from this machine's own package source, with what apt needs to use that source
# from inside: debian-base.sh FOLDER
# Needs root and debootstrap.
set -euo pipefail
folder=$1
[ -e "$folder/base.done" ] && exit 0
command -v debootstrap >/dev/null || { echo "error: cannot find 'debootstrap': install it first" >&2; exit 1; }
mkdir -p "$folder"
source=$({ sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } | head -1)
rm -rf "$folder/base"
debootstrap --variant=minbase bookworm "$folder/base" "$source" >"$folder/debootstrap.log" 2>&1 || {
    tail "$folder/debootstrap.log" >&2
    echo "error: cannot make the base" >&2
    exit 1
}
rm -f "$folder/base/etc/apt/sources.list"
cp -a /etc/apt/apt.conf.d "$folder/base/etc/apt/"
cp -a /etc/apt/sources.list /etc/apt/sources.list.d "$folder/base/etc/apt/" 2>/dev/null || true
rm -f "$folder"/base/etc/apt/apt.conf.d/20packagekit
rm -rf "$folder"/base/var/cache/apt/archives/*.deb
touch "$folder/base.done"
