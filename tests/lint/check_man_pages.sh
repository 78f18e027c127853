#!/usr/bin/env bash
# check_man_pages.sh FOLDER: groff has nothing to say about the manual pages below FOLDER, and they have the parts that
# every page has.
set -euo pipefail
shopt -s nullglob
pages=("$1"/man*/*.[1-8])
[ ${#pages[@]} -ge 6 ] || { echo "error: only ${#pages[@]} manual pages below $1" >&2; exit 1; }
failed=0
for page in "${pages[@]}"; do
    for width in 60 80 140; do
        said=$(groff -man -ww -z -K utf8 -T utf8 -rLL=${width}n "$page" 2>&1) || failed=1
        [ -z "$said" ] || { printf 'error: %s, %s columns:\n%s\n' "$page" $width "$said" >&2; failed=1; }
    done
    text=$(groff -man -K utf8 -T utf8 -P-c "$page" | sed 's/.\x08//g')
    for part in NAME SYNOPSIS; do
        grep -qx "$part" <<<"$text" || { echo "error: $page has no $part" >&2; failed=1; }
    done
done
exit $failed
