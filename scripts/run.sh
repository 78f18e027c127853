#!/usr/bin/env bash
# Starts the example (two render workers behind one port), renders a real sound through it, shows the list.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=build/release/bin

"$bin/kpm" start ecosystem.json
"$bin/render-client" examples/s03_additive.json --url ws://127.0.0.1:3000 -o out.wav
"$bin/kpm" list
cat <<EOT

The workers go on running. Look at them:  $bin/kpm list | logs | describe render
Stop them:                                $bin/kpm delete render    Stop everything:  $bin/kpm kill
EOT
