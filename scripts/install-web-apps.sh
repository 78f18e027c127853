#!/usr/bin/env bash
# Web frameworks from npm, to run them unmodified under kpm in tests, and a small app of Next.js, built:
# install-web-apps.sh DIR
set -euo pipefail
directory=$1
packages=(express@5.3.0 fastify@5.12.8 ws@8.23.0 socket.io@4.8.4 socket.io-client@4.8.4 next@15.5.29 react@19.3.1 react-dom@19.3.1)
mark=$directory/installed
# Each step may break off half way: the mark is made last.
if [ "$(cat "$mark" 2>/dev/null)" = "${packages[*]}" ]; then exit 0; fi
mkdir -p "$directory/next-app/pages"
echo '{"private": true}' | tee "$directory/package.json" >"$directory/next-app/package.json"
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error "${packages[@]}"
cat >"$directory/next-app/pages/index.js" <<'PAGE'
export const getServerSideProps = () => ({ props: { pid: process.pid } });
export default function Page({ pid }) { return <p>{'pid ' + pid}</p>; }
PAGE
(cd "$directory/next-app" && NEXT_TELEMETRY_DISABLED=1 node ../node_modules/next/dist/bin/next build)
echo "${packages[*]}" >"$mark"
