#!/usr/bin/env bash
# Puts LLVM where the build of burn's CUDA backend looks for it, from wheels of the Python package registry. Run it once before
#     cargo build --release --features cuda
# It needs Python 3 with pip, g++, and the headers of zlib and zstd (Debian: apt install g++ zlib1g-dev libzstd-dev). 400 MB.
set -euo pipefail
cd "$(dirname "$0")/.."

wheels=23.1.1.post0
bundler=$(grep -A1 '^name = "tracel-llvm-bundler"' Cargo.lock | sed -n 's/^version = "\(.*\)"/\1/p')
folder="${XDG_DATA_HOME:-$HOME/.local/share}/tracel"
place="$folder/tracel-llvm-$bundler"

if [ -e "$place/.tracel-llvm-installed" ]; then
    echo "there already: $place"
    exit 0
fi
if [ "${bundler%.*}" != 23.1 ]; then
    echo "Cargo.lock asks for LLVM $bundler, this script has wheels of LLVM $wheels: choose wheels of that version" >&2
    exit 1
fi
for header in zlib.h zstd.h; do
    if ! echo "#include <$header>" | g++ -E -x c++ - > /dev/null 2>&1; then
        echo "g++ or its header $header is missing (Debian: apt install g++ zlib1g-dev libzstd-dev)" >&2
        exit 1
    fi
done

mkdir -p "$folder"
draft=$(mktemp -d "$folder/draft.XXXXXX")
trap 'rm -rf "$draft"' EXIT
python3 -m pip download --quiet --no-deps --dest "$draft" \
    "mlc-llvm-static==$wheels" "mlc-llvm-static-extra-targets==$wheels"
for wheel in "$draft"/*.whl; do
    python3 -m zipfile -e "$wheel" "$draft"
done
chmod +x "$draft"/mlc_llvm_static/static/bin/*
touch "$draft/mlc_llvm_static/static/.tracel-llvm-installed"
rm -rf "$place"
mv "$draft/mlc_llvm_static/static" "$place"
echo "installed: $place"
