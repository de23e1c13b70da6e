# Whatever a spoke needs may be made in the same configuration, its hub among it: one call of the module per input.

resource "terraform_data" "unknown" {
  input = "known after apply"
}

locals {
  unknown = terraform_data.unknown.output

  hub = {
    version              = 1
    partition            = "aws"
    account              = "111122223333"
    region               = "eu-west-1"
    installation         = "mesh-dns-1f0c9a3e"
    first_installation   = "mesh-dns-1f0c9a3e"
    owner                = "mesh-dns/1f0c9a3e"
    bus_arn              = "arn:aws:events:eu-west-1:111122223333:event-bus/mesh-dns"
    function_role_arn    = "arn:aws:iam::111122223333:role/mesh-dns-eu-west-1-function"
    role_path            = "/"
    reader_role          = "mesh-dns-1f0c9a3e-reader"
    external_id          = "mesh-dns-1f0c9a3e"
    event_pattern        = "{\"source\":[\"mesh-dns\"]}"
    sweep_minutes        = 15
    sweep_window_minutes = 10
  }
}

# As from another state that is read only at the apply.
module "hub" {
  source = "../../"

  hub   = jsondecode(local.unknown)
  trail = {}
}

module "trail" {
  source = "../../"

  hub   = local.hub
  trail = { retention_days = tonumber(local.unknown), force_destroy = tobool(local.unknown) }
}

module "kms_key" {
  source = "../../"

  hub         = local.hub
  trail       = {}
  kms_key_arn = local.unknown
}

module "iam" {
  source = "../../"

  hub = local.hub
  iam = { path = local.unknown, permissions_boundary = local.unknown }
}

module "tags" {
  source = "../../"

  hub  = local.hub
  tags = { team = local.unknown }
}
