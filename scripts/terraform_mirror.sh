#!/bin/sh
# Prints `export TF_CLI_ARGS_init=-plugin-dir=<folder>` where this machine holds a copy of the AWS provider,
# nothing otherwise. Use: eval "$(scripts/terraform_mirror.sh)"
#
# The copy must be a real plugin folder: <folder>/registry.terraform.io/hashicorp/aws/<version>/<os>_<arch>/.
# The usual roots are searched, a few levels deep; the user's own choice is left alone. OpenTofu looks under the name of
# its own registry, and follows no links: for it the copy is copied into .tools, once.
set -eu

[ -z "${TF_CLI_ARGS_init:-}" ] || exit 0

for root in "$HOME/.terraform.d/plugins" "$HOME/.terraform.d" /usr/local/share/terraform /usr/local/share /usr/share /opt; do
    [ -d "$root" ] || continue
    found=$(find "$root" -maxdepth 5 -type d -path '*/registry.terraform.io/hashicorp/aws' 2>/dev/null | head -n 1)
    [ -z "$found" ] || break
done
[ -n "${found:-}" ] || exit 0

if terraform version 2>/dev/null | grep -q OpenTofu; then
    copy=$(cd "$(dirname "$0")/.." && pwd)/.tools/opentofu-plugins
    if ! [ -d "$copy" ]; then
        mkdir -p "$copy.$$/registry.opentofu.org/hashicorp"
        # Hard links where the file system allows: the provider is 700 MB.
        cp -RLl "$found" "$copy.$$/registry.opentofu.org/hashicorp/aws" 2>/dev/null ||
            cp -RL "$found" "$copy.$$/registry.opentofu.org/hashicorp/aws"
        mv "$copy.$$" "$copy" 2>/dev/null || rm -rf "$copy.$$" # another run was faster
    fi
    echo "export TF_CLI_ARGS_init=-plugin-dir=$copy"
else
    echo "export TF_CLI_ARGS_init=-plugin-dir=${found%/registry.terraform.io/hashicorp/aws}"
fi
