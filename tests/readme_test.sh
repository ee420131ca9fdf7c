#!/bin/sh
# readme_test.sh FITVRAM_BINARY SOURCE_DIR WORK_DIR: the commands of README.md print what it says, in a
# copy of tests/data/readme. UPDATE_README=1 writes README.md anew instead.
set -eu

binary=$1 source=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
if [ -d "$source/tests/data/readme" ]; then cp -R "$source/tests/data/readme/." "$work"; fi
PATH=$(dirname "$binary"):$PATH
export PATH LC_ALL=C NO_COLOR=1 COLUMNS=80
exec awk -v work="$work" -v update="${UPDATE_README:-}" \
  -f "$source/tests/readme_test.awk" "$source/README.md"
