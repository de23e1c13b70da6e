#!/bin/sh
# Prints `export TF_CLI_ARGS_init=-plugin-dir=<folder>` where this machine holds a copy of the AWS provider,
# nothing otherwise. Use: eval "$(scripts/terraform_mirror.sh)"
#
# The copy must be a real plugin folder: <folder>/registry.terraform.io/hashicorp/aws/<version>/<os>_<arch>/.
# The usual roots are searched, a few levels deep; the user's own choice is left alone.
set -eu

[ -z "${TF_CLI_ARGS_init:-}" ] || exit 0

for root in "$HOME/.terraform.d/plugins" "$HOME/.terraform.d" /usr/local/share/terraform /usr/local/share /usr/share /opt; do
    [ -d "$root" ] || continue
    found=$(find "$root" -maxdepth 5 -type d -path '*/registry.terraform.io/hashicorp/aws' 2>/dev/null | head -n 1)
    if [ -n "$found" ]; then
        echo "export TF_CLI_ARGS_init=-plugin-dir=${found%/registry.terraform.io/hashicorp/aws}"
        exit 0
    fi
done
