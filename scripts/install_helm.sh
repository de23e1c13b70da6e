#!/bin/sh
# Builds Helm into .tools/bin (git-ignored), once; the tests of the Helm values render the Cilium charts with it.
# Ends with 3 when there is no Go to build it with.
set -eu

module=helm.sh/helm/v3
version=v3.18.4
bin=$(cd "$(dirname "$0")/.." && pwd)/.tools/bin

if ! command -v go >/dev/null 2>&1; then
  echo "Helm is not built: Go is missing (https://go.dev/doc/install)." >&2
  exit 3
fi
if [ -x "$bin/helm" ] && go version -m "$bin/helm" | grep -q "mod[[:space:]]$module[[:space:]]$version"; then
  exit 0
fi
echo "Building Helm $version; this takes about a minute." >&2
mkdir -p "$bin"
GOBIN="$bin" go install "$module/cmd/helm@$version"
