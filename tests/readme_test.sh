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
cp "$source/data/catalog.json" "$work/models.json"
PATH=$(dirname "$binary"):$PATH
export PATH LC_ALL=C NO_COLOR=1 COLUMNS=80
unset FITVRAM_GPU FITVRAM_VRAM FITVRAM_CTX_SIZE FITVRAM_QUANT FITVRAM_RUNTIME FITVRAM_CATALOG

# The job of the ```yaml block: it passes, and once a model has outgrown its card it fails and says in
# which line of the catalogue.
mkdir -p "$work/ci/fitvram/scripts"
ln -s "$binary" "$work/ci/fitvram/scripts/run"
cp "$source/data/catalog.json" "$work/ci/models.json"
awk '/^```yaml$/ { inside = 1 } /^```$/ { inside = 0 }
  inside && sub(/^ *(- )?run: /, "")' "$source/README.md" > "$work/ci/job"
[ -s "$work/ci/job" ] || { echo "README.md has no job"; exit 1; }
(cd "$work/ci" && fitvram check models.json --baseline baseline.json --write-baseline > /dev/null 2>&1)
(cd "$work/ci" && sh -e ./job > passed 2>&1) || { echo "the job of README.md fails:"; cat "$work/ci/passed"; exit 1; }
sed 's/RTX 3060 12 GB/GTX 1050/' "$source/data/catalog.json" > "$work/ci/models.json"
if (cd "$work/ci" && sh -e ./job > failed 2>&1) || ! grep -q '^::error file=models.json,line=[0-9]' "$work/ci/failed"; then
  echo "the job of README.md does not notice a model that has outgrown its card:"
  cat "$work/ci/failed"
  exit 1
fi
exec awk -v work="$work" -v update="${UPDATE_README:-}" \
  -f "$source/tests/readme_test.awk" "$source/README.md"
