#!/usr/bin/env bash
# Makes a Debian 12 in FOLDER/base, once, from this machine's own package source, with what apt needs to use that source
# from inside: debian-base.sh FOLDER
# Needs root and debootstrap.
set -euo pipefail
folder=$1
[ -e "$folder/base.done" ] && exit 0
command -v debootstrap >/dev/null || { echo "error: cannot find 'debootstrap': install it first" >&2; exit 1; }
mkdir -p "$folder"
# Debian's own alone, one "URI suite" a line: what else this machine has (Docker's, Node's) has keys of its own.
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's/ main$//; / bookworm\(-updates\|-security\)\?$/p' | sort -u)
source=$(sed -n 's/ bookworm$//p' <<<"$sources" | head -1)
rm -rf "$folder/base"
debootstrap --variant=minbase bookworm "$folder/base" ${source:+"$source"} >"$folder/debootstrap.log" 2>&1 || {
    tail "$folder/debootstrap.log" >&2
    echo "error: cannot make the base" >&2
    exit 1
}
[ -z "$source" ] || sed 's/.*/deb & main/' <<<"$sources" >"$folder/base/etc/apt/sources.list"
cp -a /etc/apt/apt.conf.d "$folder/base/etc/apt/"
rm -f "$folder"/base/etc/apt/apt.conf.d/20packagekit
rm -rf "$folder"/base/var/cache/apt/archives/*.deb
touch "$folder/base.done"
