#!/usr/bin/env bash
# The direction of dependencies (docs/design.md): each folder includes only what stands before it. The compiler cannot
# check this, because every folder's headers are reachable. Also: the core knows no system, no loop and no clock.
set -euo pipefail
cd "${KPM_SOURCE_DIR:-$(dirname "$0")/../..}"
failed=0

# check FOLDER ALLOWED…: the project's own includes under FOLDER must begin with one of ALLOWED.
check() {
    local folder=$1 allowed
    shift
    allowed=$(printf '|%s' "$@")
    local bad
    bad=$(grep -rnE '^#include "' --include='*.h' --include='*.cpp' "$folder" |
        grep -vE "#include \"(${allowed:1})" || true)
    if [ -n "$bad" ]; then
        printf 'error: %s may include only %s:\n%s\n' "$folder" "$*" "$bad" >&2
        failed=1
    fi
}

check ipc/base ipc/base/
check ecosystem ecosystem/ ipc/base/
check ipc ipc/
check daemon/core daemon/core/ ecosystem/ ipc/
check daemon/commands daemon/commands/ daemon/core/ ecosystem/ ipc/
check daemon/keeper daemon/keeper/ ipc/base/
check daemon/gpu_monitor daemon/gpu_monitor/ ipc/base/
check daemon/io daemon/io/ daemon/core/ daemon/keeper/keeper_protocol.h ecosystem/ ipc/
check cli cli/ ecosystem/ ipc/
check serve serve/ ipc/base/
check render-worker render-worker/ ipc/

impure=$(grep -rnE '#include <(uv|unistd|fcntl|sys/|poll|netinet|arpa|fstream|filesystem|thread|mutex|ctime)' \
    --include='*.h' --include='*.cpp' daemon/core daemon/commands || true)
if [ -n "$impure" ]; then
    printf 'error: the core does no I/O and knows no clock:\n%s\n' "$impure" >&2
    failed=1
fi

gpu=$(grep -rnlE '#include <(EGL|GLES|vulkan|cuda)' --include='*.h' --include='*.cpp' daemon cli ipc ecosystem || true)
if [ -n "$gpu" ]; then
    printf 'error: only render-worker/gpu may know a GPU library:\n%s\n' "$gpu" >&2
    failed=1
fi
exit $failed
