#!/usr/bin/env bash
# The versions of Node that cluster mode is tested with, beside the one in PATH: install-nodes.sh DIR
# Each is DIR/node_modules/node<version>/bin/node.
set -euo pipefail
case $(uname -m) in
    x86_64) kind=x64 ;;
    aarch64) kind=arm64 ;;
    *) echo "error: cannot install Node: npm has none for $(uname -m)" >&2; exit 1 ;;
esac
packages=()
for version in 18 20 22 24; do packages+=("node$version@npm:node-linux-$kind@$version"); done
exec "$(dirname "$0")/npm-packages.sh" "$1" "${packages[@]}"
