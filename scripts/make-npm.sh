#!/usr/bin/env bash
# Packs the programs of a build for npm: make-npm.sh [BUILD]. Prints the path of BUILD/packages/kpm-VERSION.tgz.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build/release}")
package=$build/npm/package
rm -rf "$package"
cmake --install "$build" --prefix "$package" --component kpm --strip >/dev/null
# npm leaves symbolic links out; its own, under all names, lead to one program.
rm "$package/bin/kpm-dev" "$package/bin/kpm-runtime"
cp "$build/npm/package.json" packaging/npm/README.md LICENSE "$package/"
mkdir -p "$build/packages"
rm -f "$build"/packages/*.tgz
name=$(cd "$package" && npm pack --offline --silent --pack-destination "$build/packages")
echo "$build/packages/$name"
