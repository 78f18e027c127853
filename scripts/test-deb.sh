#!/usr/bin/env bash
# Tries the Debian packages in a Debian 12 of their own: test-deb.sh [FOLDER-OF-PACKAGES] [FOLDER]
# Needs root, debootstrap and lintian. FOLDER keeps the base between runs (that of test-image.sh does as well). What is
# mounted and started lives in namespaces that end with this script.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=$(realpath "${1:-build/release/packages}")
folder=${2:-build/image}
fail() { echo "error: $*" >&2; exit 1; }
scripts/debian-base.sh "$folder"
folder=$(realpath "$folder")
kpm=$(echo "$packages"/kpm_*.deb) render=$(echo "$packages"/kpm-render_*.deb)
[ -f "$kpm" ] && [ -f "$render" ] || fail "the packages are not in $packages: make deb"

# What they say of themselves: kpm depends on the C library only, the worker on curl and SQLite as well; all of Debian 12's
# age.
check_depends() {
    local file=$1 depends
    shift
    depends=$(dpkg-deb --field "$file" Depends)
    [[ $depends =~ libc6\ \(\>=\ 2\.([0-9]+)\) ]] && [ "${BASH_REMATCH[1]}" -le 36 ] &&
        [ "$(sed 's/ *([^)]*)//g; s/, */\n/g' <<<"$depends" | sort | xargs)" = "$*" ] ||
        fail "$(basename "$file") depends on '$depends'"
}
check_depends "$kpm" libc6
check_depends "$render" libc6 libcurl4 libsqlite3-0 zlib1g
# bogus-mail-host: who builds names a maintainer by KPM_MAINTAINER. initial-upload-closes-no-bugs: not for Debian itself.
lintian --fail-on error,warning --suppress-tags bogus-mail-host-in-debian-changelog,bogus-mail-host \
    "$kpm" "$render"

root=$folder/deb-root
clean_up() { rm -rf --one-file-system "$root"; }
trap clean_up EXIT
clean_up
cp -a "$folder/base" "$root"
cp "$kpm" "$render" "$root/tmp/"
cp scripts/test-deb-inside.sh "$root/tmp/inside.sh"
unshare --pid --mount --fork --kill-child sh -c '
    set -e
    mount --make-rprivate /
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C bash /tmp/inside.sh' sh "$root"
echo "deb: installed, used, updated under an app, removed, purged: $(basename "$kpm"), $(du -k "$kpm" | cut -f1) KB"
