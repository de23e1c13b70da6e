#!/bin/sh
# Builds etcd, kube-apiserver and AWS's cloud controller manager into .tools/kubernetes/bin (git-ignored), once, from the
# Go module proxy: about twelve minutes of processor time; for root, Cilium's own client too: three more.
# Ends with 3 when there is no Go to build them with, or no chart of Cilium, without which they serve nothing.
set -eu

etcd=v3.6.16
kubernetes=v1.36.3
controller=v1.37.1
cilium=v1.20.2

here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "$here/../.." && pwd)/.tools/kubernetes
bin=$tools/bin

chart=cilium-1.20.0.tgz # the newest one of tests/cilium/conftest.py
if ! [ -f "${CILIUM_CHARTS:-$here/../../../shared/cilium}/$chart" ]; then
  echo "Kubernetes is not built: no $chart; put it into a folder and name that in CILIUM_CHARTS." >&2
  exit 3
fi

if ! command -v go >/dev/null 2>&1; then
  echo "Kubernetes is not built: Go is missing (https://go.dev/doc/install)." >&2
  exit 3
fi

# Two runs never build at once: the second waits, and finds everything there.
if [ -z "${BUILDS_ALONE:-}" ]; then
  cd "$here/../.."
  export BUILDS_ALONE=1
  exec "${PYTHON:-python3}" -m scripts.alone sh "$here/install.sh"
fi

# Whether the binary holds this module at this version.
holds() {
  [ -x "$bin/$1" ] && go version -m "$bin/$1" | grep -Eq "(dep|mod)[[:space:]]$2[[:space:]]$3[[:space:]]"
}

# None of the three can be installed as `package@version`: each is built from a module that is thrown away.
begin() {
  echo "Building $1; this takes minutes." >&2
  rm -rf "$tools/build/$1"
  mkdir -p "$tools/build/$1" "$bin"
  cd "$tools/build/$1"
}

# One package at a time, so that the machine stays usable.
build() {
  nice -n 19 go build -mod=mod -p=1 "$@"
}

if ! holds etcd go.etcd.io/etcd/server/v3 "$etcd"; then
  begin etcd
  go mod init throwaway 2>/dev/null
  cat > main.go <<'GO'
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
GO
  go get "go.etcd.io/etcd/server/v3@$etcd"
  go mod tidy
  build -o "$bin/etcd" .
fi

if ! holds kube-apiserver k8s.io/kubernetes "$kubernetes"; then
  begin kube-apiserver
  "${PYTHON:-python3}" "$here/kube_mod.py" "$kubernetes" .
  # Its own build script stamps the version; without one it calls itself v0.0.0 and tools refuse it.
  minor=${kubernetes#v1.}
  minor=${minor%%.*}
  stamp=k8s.io/component-base/version
  build -ldflags "-X $stamp.gitVersion=$kubernetes -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor" \
    -o "$bin/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
fi

if ! holds aws-cloud-controller-manager k8s.io/cloud-provider-aws "$controller"; then
  begin aws-cloud-controller-manager
  go mod init throwaway 2>/dev/null
  GOFLAGS=-mod=mod go get "k8s.io/cloud-provider-aws/cmd/aws-cloud-controller-manager@$controller"
  build -o "$bin/aws-cloud-controller-manager" k8s.io/cloud-provider-aws/cmd/aws-cloud-controller-manager
fi

# Its test gives it a network of its own, which only root may. It is one command of clustermesh-apiserver; the whole needs
# modules that the proxy does not serve.
if [ "$(id -u)" -eq 0 ] && ! holds kvstoremesh-dbg github.com/cilium/cilium "$cilium"; then
  begin kvstoremesh-dbg
  go mod init throwaway 2>/dev/null
  cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	dbg "github.com/cilium/cilium/clustermesh-apiserver/kvstoremesh-dbg"
)

func main() {
	if err := dbg.RootCmd.Execute(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
GO
  GOFLAGS=-mod=mod go get "github.com/cilium/cilium/clustermesh-apiserver/kvstoremesh-dbg@$cilium"
  # Cilium's own replacement, which a module that requires it does not inherit.
  go mod edit -replace sigs.k8s.io/controller-tools=github.com/cilium/controller-tools@v0.21.0-1
  build -o "$bin/kvstoremesh-dbg" .
fi
