#!/usr/bin/env bash
# Builds both images of the Dockerfile without a Docker daemon, and one on them as a user would, and tries them (that one
# in test-first-process.sh): test-image.sh [FOLDER]
# Needs root, buildah and debootstrap. The base is a Debian 12 made here by debootstrap (from this machine's own
# package source), so that no registry is needed. FOLDER keeps the base between runs. With PREBUILT=build/release the
# programs of that folder go into the images, instead of those that the Dockerfile compiles.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/image}
for program in buildah debootstrap; do
    command -v $program >/dev/null || { echo "error: cannot find '$program': install it first" >&2; exit 1; }
done
mkdir -p "$folder"
folder=$(realpath "$folder")
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
store=(--root "$folder/store" --runroot "$folder/run")
buildah=(buildah "${store[@]}")

# The images stay, for the next run; containers and their mounts do not.
runner=
clean_up() {
    # What unshare holds ends with it.
    [ -z "$runner" ] || { kill -KILL $(cat "/proc/$runner/task/$runner/children") && wait "$runner"; } 2>/dev/null || true
    "${buildah[@]}" umount --all >/dev/null 2>&1 || true
    "${buildah[@]}" rm --all >/dev/null 2>&1 || true
}
trap clean_up EXIT

fail() { echo "error: $*" >&2; exit 1; }

scripts/debian-base.sh "$folder"
g++ -std=c++20 -O1 -o "$folder/container_filter" tests/support/container_filter.cpp
export CONTAINER_FILTER=$folder/container_filter
if ! "${buildah[@]}" inspect --type image localhost/base >/dev/null 2>&1; then
    container=$("${buildah[@]}" from scratch)
    "${buildah[@]}" add -q "$container" "$folder/base" / >/dev/null
    "${buildah[@]}" commit -q "$container" localhost/base >/dev/null
    "${buildah[@]}" rm "$container" >/dev/null
fi

options=()
if [ -n "${PREBUILT:-}" ]; then
    rm -rf "$folder/prebuilt"
    for part in kpm/kpm kpm/pm2-names render/render; do
        DESTDIR=$folder/prebuilt/out/${part%/*} cmake --install "$PREBUILT" --prefix /usr/local \
            --component ${part#*/} --strip >/dev/null
    done
    options=(--build-context "build=$folder/prebuilt")
fi
for target in kpm render; do
    "${buildah[@]}" build -q --layers --format docker --target $target "${options[@]}" --build-arg BASE=localhost/base \
        --build-arg JOBS="${JOBS:-$(nproc)}" -t localhost/$target . >/dev/null
    echo "built $target: $(du -sm "$(container=$("${buildah[@]}" from localhost/$target) && "${buildah[@]}" mount "$container")" | cut -f1) MB with its base"
done

image_variables() { # IMAGE -> variables
    mapfile -t variables < <("${buildah[@]}" inspect --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' --type image "localhost/$1" | sed '/^$/d')
}
try() { # IMAGE COMMAND…
    local image=$1 container root
    shift
    container=$("${buildah[@]}" from "localhost/$image")
    root=$("${buildah[@]}" mount "$container")
    image_variables "$image"
    scripts/contain.sh "$root" "${variables[@]}" "$@"
}

[ "$(try kpm kpm-runtime --version)" = "$(try kpm kpm --version)" ] || fail "kpm-runtime and kpm differ"
code=0
try kpm sh -c 'exec kpm-runtime /bin/sh --name job --no-autorestart --interpreter none -- -c "echo said; exit 3"' \
    >"$folder/out" 2>"$folder/err" || code=$?
[ $code = 3 ] || { cat "$folder/err" >&2; fail "the exit code is $code, not 3"; }
[ "$(cat "$folder/out")" = said ] || fail "standard output is not the app's"

for managed in true false; do
    port=$((20000 + RANDOM % 20000))
    command=$("${buildah[@]}" inspect --format '{{index .OCIv1.Config.Cmd 2}}' --type image localhost/render)
    try render USE_PM2=$managed PORT=$port sh -c "$command" >"$folder/out" 2>"$folder/err" &
    runner=$!
    for _ in $(seq 300); do
        body=$( (exec 3<>/dev/tcp/127.0.0.1/$port && printf 'GET /ready HTTP/1.0\r\n\r\n' >&3 && cat <&3) 2>/dev/null) || body=
        [[ $body == *ready* ]] && break
        kill -0 $runner 2>/dev/null || break
        sleep 0.2
    done
    [[ $body == *'"status":"ready"'* ]] || { cat "$folder/err" >&2; fail "the render image (USE_PM2=$managed) does not get ready"; }
    first=$(cat /proc/$runner/task/$runner/children)
    kill -TERM "$(cat "/proc/${first%% *}/task/${first%% *}/children" 2>/dev/null || true)" 2>/dev/null || kill -TERM $first
    code=0
    wait $runner || code=$?
    runner=
    [ $code = 0 ] || { cat "$folder/err" >&2; fail "the render image (USE_PM2=$managed) ends with $code after SIGTERM"; }
    echo "render (USE_PM2=$managed): ready, and gone after SIGTERM"
done

# Node for the configuration file, the rest is the image's.
rm -rf "$folder/app"
mkdir -p "$folder/app"
cp examples/s03_additive.json "$folder/app/genome.json"
cat >"$folder/app/ecosystem.config.cjs" <<'EOT'
module.exports = {
    apps: [{
        name: 'render', script: '/usr/local/bin/render-worker', exec_mode: 'cluster', kpm_channel: true,
        listen: [process.env.PORT || '3000'], listen_timeout: '60s',
    }],
};
EOT
cat >"$folder/app/Dockerfile" <<'EOT'
FROM localhost/render
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs >/dev/null
COPY ecosystem.config.cjs genome.json /app/
USER 1000:1000
CMD ["kpm-runtime", "start", "ecosystem.config.cjs"]
EOT
"${buildah[@]}" build -q --layers --format docker -t localhost/app "$folder/app" >/dev/null
container=$("${buildah[@]}" from localhost/app)
root=$("${buildah[@]}" mount "$container")
image_variables app
scripts/test-first-process.sh "$root" "${variables[@]}"
