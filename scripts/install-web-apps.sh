#!/usr/bin/env bash
# Web frameworks from npm, to run them unmodified under kpm in tests, and a small app of Next.js, built:
# install-web-apps.sh DIR
set -euo pipefail
directory=$1
"$(dirname "$0")/npm-packages.sh" "$directory" express@5.3.0 fastify@5.12.8 ws@8.23.0 socket.io@4.8.4 \
    socket.io-client@4.8.4 next@15.5.29 react@19.3.1 react-dom@19.3.1
app=$directory/next-app
# The build may break off half way: the mark is made last.
if [ "$app/built" -nt "$directory/installed" ]; then exit 0; fi
mkdir -p "$app/pages"
echo '{"private": true}' >"$app/package.json"
cat >"$app/pages/index.js" <<'PAGE'
export const getServerSideProps = () => ({ props: { pid: process.pid } });
export default function Page({ pid }) { return <p>{'pid ' + pid}</p>; }
PAGE
(cd "$app" && NEXT_TELEMETRY_DISABLED=1 node ../node_modules/next/dist/bin/next build)
touch "$app/built"
