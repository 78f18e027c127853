#!/usr/bin/env bash
# Installs the Debian packages that are missing for the given purposes (build, test, image, package, package-test,
# fresh-test, lint), and no others.
# As root at once; otherwise asks before it uses sudo.
set -euo pipefail

declare -A packages=(
    [build]="g++ make cmake ninja-build libuv1-dev nlohmann-json3-dev libcli11-dev libfmt-dev libyaml-cpp-dev
             libboost-dev libkissfft-dev zlib1g-dev libcurl4-openssl-dev libsqlite3-dev libegl-dev libgles-dev
             libncurses-dev catch2"
    [test]="nodejs npm python3 git libegl1 libgl1-mesa-dri procps tmux curl openssl groff-base
            zsh fish gunicorn uvicorn libnettle8 libpcre2-8-0 libxxhash0"
    [image]="buildah debootstrap"
    [package]="dpkg-dev file npm"
    [package-test]="debootstrap lintian"
    [fresh-test]="debootstrap git"
    [lint]="clang-tidy clang-format"
)

missing=()
for purpose in "$@"; do
    for package in ${packages[$purpose]}; do
        # Node may come from elsewhere than Debian; what counts is the program.
        case $package in
            nodejs) command -v node >/dev/null && continue ;;
            npm | python3) command -v "$package" >/dev/null && continue ;;
        esac
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing: ${missing[*]}"
    if [ ! -t 0 ]; then
        echo "error: cannot install packages: not root; run: sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    read -r -p "Install them with sudo? [y/N] " answer
    case $answer in
        [yY]*) as_root=(sudo) ;;
        *) exit 1 ;;
    esac
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
