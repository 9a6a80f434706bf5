#!/usr/bin/env bash
# Brings what the tests need and npm does not bring. Without arguments all of it, else what is named:
#   .ci/install.sh [chromium] [go] [python] [java] [postgres] [apps] [libraries] [runtimes] [toolchains] [reference]
# Does nothing for what is there already. Uses apt-get for programs; SDKs come through their languages' own package managers, in the
# versions that tests/clients pins.
set -euo pipefail
cd "$(dirname "$0")/.."
clients=$PWD/tests/clients
cache=$clients/.cache
mkdir -p "$cache"

have() { type -P "$1" >/dev/null; }

packages() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_chromium() {
  have chromium || packages chromium
}

install_postgres() {
  # Debian keeps its programs off the PATH, where the tests find them.
  have initdb || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || packages postgresql
}

install_go() {
  have go || packages golang-go
  cd "$clients/go"
  go mod download
  # Fills the compiler's cache, so that the test builds in a second.
  go build -o /dev/null .
}

install_python() {
  have python3 || packages python3 python3-venv
  local venv=$cache/python
  if ! cmp -s "$clients/python/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv" 2>/dev/null || { packages python3-venv && python3 -m venv "$venv"; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$clients/python/requirements.txt"
    cp "$clients/python/requirements.txt" "$venv/requirements.txt"
  fi
}

install_java() {
  have java || packages default-jdk-headless
  local jars=$cache/java
  if ! cmp -s "$clients/java/pom.xml" "$jars/pom.xml"; then
    have mvn || packages maven
    rm -rf "$jars"
    mvn -q -B -Dstyle.color=never -f "$clients/java/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars"
    cp "$clients/java/pom.xml" "$jars/pom.xml"
  fi
}

# What a folder outside the workspaces has in its lock file; installed anew only where that has changed.
install_folder() {
  cd "$1"
  [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}

install_apps() { install_folder examples/apps; }
install_libraries() { install_folder tests/libraries; }
install_runtimes() { install_folder tests/runtimes; }
install_toolchains() {
  local folder
  for folder in "$PWD"/tests/runtimes/toolchains/*/package.json; do install_folder "${folder%/package.json}"; done
}
install_reference() { install_folder scripts/reference; }

for need in "${@:-chromium go python java postgres apps libraries runtimes toolchains reference}"; do
  for one in $need; do
    case $one in
    chromium | go | python | java | postgres | apps | libraries | runtimes | toolchains | reference)
      echo "install: $one"
      ("install_$one")
      ;;
    *)
      echo "install: nothing is called '$one'; there are chromium, go, python, java, postgres, apps, libraries, runtimes, toolchains and reference" >&2
      exit 1
      ;;
    esac
  done
done
