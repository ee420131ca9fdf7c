#!/bin/sh
# readme_test.sh FITVRAM_BINARY SOURCE_DIR WORK_DIR: the commands of README.md print what it says, in a
# copy of tests/data/readme. UPDATE_README=1 writes README.md anew instead.
set -eu

binary=$1 source=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
if [ -d "$source/tests/data/readme" ]; then cp -R "$source/tests/data/readme/." "$work"; fi
# scripts/run is the built program here; .ci/run runs the real one. The GGUF file is a recorded header
# with its tail of zeros put back as a hole.
mkdir -p "$work/scripts"
ln -s "$binary" "$work/scripts/run"
model=gemma-3-27b.Q4_K_M.gguf
cp "$source/tests/data/headers/$model" "$work/gemma-3-27b-it-Q4_K_M.gguf"
truncate -s "$(jq ".\"$model\"" "$source/tests/data/headers/file_sizes.json")" \
  "$work/gemma-3-27b-it-Q4_K_M.gguf"
PATH=$(dirname "$binary"):$PATH
export PATH LC_ALL=C NO_COLOR=1 COLUMNS=80
exec awk -v work="$work" -v update="${UPDATE_README:-}" \
  -f "$source/tests/readme_test.awk" "$source/README.md"
