# Whatever an input needs may be made in the same configuration: then a first plan does not know it.

terraform {
  required_version = ">= 1.11"
}

resource "terraform_data" "unknown" {
  input = "known after apply"
}

locals {
  unknown = terraform_data.unknown.output
}

module "domain" {
  source = "../../"

  domain   = local.unknown
  clusters = { cluster1 = { id = 1 }, cluster2 = { id = 2 } }
}

module "clusters" {
  source = "../../"

  domain   = "mesh.example.com"
  clusters = { cluster1 = { id = 1, hostname = local.unknown, port = tonumber(local.unknown) }, (local.unknown) = { id = tonumber(local.unknown), enabled = tobool(local.unknown) } }
}

module "choices" {
  source = "../../"

  domain                 = "mesh.example.com"
  clusters               = { cluster1 = { id = 1 }, cluster2 = { id = 2 } }
  controller             = local.unknown
  max_connected_clusters = tonumber(local.unknown)
  datapath               = local.unknown
  hostname_tag           = local.unknown
  extra_tags             = { team = local.unknown, (local.unknown) = "platform" }
}
