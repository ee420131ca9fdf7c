# shellcheck shell=bash
# Sourced by scripts/run and scripts/test: finds what is missing to build fitvram and installs it
# where that can be done without asking (Debian, Ubuntu); elsewhere says what to install. The sourcing
# script sets root, the top of the source tree.
: "${root:?}"

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Runs a command without its output, unless it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
  rm -f "$log"
  return "$status"
}

has() { command -v "$1" >/dev/null 2>&1; }

jobs() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# Ninja where there is one, else what CMake takes by itself.
generator() { if has ninja; then echo Ninja; else echo 'Unix Makefiles'; fi; }

# The build tree $1 was made to the end, from this source tree, at this place and for this generator.
configured() {
  [ -f "$1/CMakeCache.txt" ] && { [ -f "$1/build.ninja" ] || [ -f "$1/Makefile" ]; } &&
    grep -qxF "CMAKE_GENERATOR:INTERNAL=$(generator)" "$1/CMakeCache.txt" &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$1/CMakeCache.txt" &&
    grep -qxF "CMAKE_CACHEFILE_DIR:INTERNAL=$1" "$1/CMakeCache.txt"
}

# Holds the build tree until this script ends, so that two of them do not build at once.
lock() {
  mkdir -p "$root/build"
  if has flock; then
    exec 9>"$root/build/.lock"
    flock 9
  fi
}

# The Debian packages among $@ that are not installed. Tools that came another way count.
missing_debs() {
  local package
  for package in "$@"; do
    case $package in
      g++) if [ -n "${CXX:-}" ] || has g++ || has clang++; then continue; fi ;;
      cmake | jq | python3) if has "$package"; then continue; fi ;;
      ninja-build) if has ninja || has make; then continue; fi ;;
    esac
    case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) echo "$package" ;;
    esac
  done
}

# install_packages DEBIAN_PACKAGE...: makes sure they are there. Where that is impossible, says so and
# goes on if CMake is there to say what exactly is missing.
install_packages() {
  local missing as_root=()
  if ! has apt-get || ! has dpkg-query; then
    has cmake || { other_system && exit 125; }
    return 0
  fi
  missing=$(missing_debs "$@")
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086 # one word a package
  set -- $missing
  if [ "$(id -u)" -ne 0 ]; then
    if ! has sudo || { [ ! -t 2 ] && ! sudo -n true 2>/dev/null; }; then
      say "packages are missing and installing them needs root: apt-get install $*"
      has cmake || exit 125
      return 0
    fi
    as_root=(sudo)
  fi
  say "installing $*"
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  quietly "${as_root[@]}" update || say "apt-get update failed; trying with the lists at hand"
  if ! quietly "${as_root[@]}" install -y --no-install-recommends "$@"; then
    say "could not install them; try: sudo apt-get update && sudo apt-get install $*"
    has cmake || exit 125
  fi
}

# Where there is no apt: what to install, under the names of that system.
other_system() {
  has apt-get && return 0
  local line='install g++ 12 or clang 14, CMake 3.25, Ninja, nlohmann-json, CLI11, fmt, Catch2, jq'
  if has dnf; then
    line='sudo dnf install gcc-c++ cmake ninja-build json-devel cli11-devel fmt-devel catch-devel jq'
  elif has pacman; then
    line='sudo pacman -S --needed gcc cmake ninja nlohmann-json cli11 fmt catch2 jq'
  elif has zypper; then
    line='sudo zypper install gcc-c++ cmake ninja nlohmann_json-devel cli11-devel fmt-devel Catch2-devel jq'
  elif has brew; then
    line='brew install cmake ninja nlohmann-json cli11 fmt catch2 jq'
  fi
  say "on this system: $line"
}
