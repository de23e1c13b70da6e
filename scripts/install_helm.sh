#!/bin/sh
# Builds Helm into .tools/bin (git-ignored), once; the tests of the Helm values render the Cilium charts with it.
# Several at a time are fine: one builds, the others wait for it.
# Ends with 3 when there is no Go to build it with.
set -eu

module=helm.sh/helm/v3
version=v3.18.4
bin=$(cd "$(dirname "$0")/.." && pwd)/.tools/bin
lock=$bin/.helm-lock

is_built() {
  [ -x "$bin/helm" ] && go version -m "$bin/helm" | grep -q "mod[[:space:]]$module[[:space:]]$version"
}

if ! command -v go >/dev/null 2>&1; then
  echo "Helm is not built: Go is missing (https://go.dev/doc/install)." >&2
  exit 3
fi
if is_built; then
  exit 0
fi
mkdir -p "$bin"
# A folder can be made by one only, on every system; the process in it tells a lock whose holder was killed.
until mkdir "$lock" 2>/dev/null; do
  holder=$(cat "$lock/pid" 2>/dev/null || echo)
  if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
    rm -rf "$lock"
  fi
  sleep 1
done
trap 'rm -rf "$lock"' EXIT
trap 'exit 1' INT TERM
echo $$ >"$lock/pid"
if is_built; then
  exit 0
fi
echo "Building Helm $version; this takes about a minute." >&2
GOBIN="$bin" go install "$module/cmd/helm@$version"
