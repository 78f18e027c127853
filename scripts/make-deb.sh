#!/usr/bin/env bash
# Packs the programs of a build for Debian: make-deb.sh [BUILD [COMPRESSION]]. The packages are then in BUILD/packages.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
rm -f "$build"/packages/*.deb
cpack --config "$build/CPackConfig.cmake" ${2:+-D "CPACK_DEBIAN_COMPRESSION_TYPE=$2"} >"$build/cpack.log" 2>&1 || { cat "$build/cpack.log" >&2; exit 1; }
ls "$build"/packages/*.deb
