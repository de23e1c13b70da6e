# One hub, and two accounts that join it from regions of their own.

module "mesh_dns" {
  source = "../../"
  # source  = "your_namespace/cilium-mesh-dns/aws" # from the registry
  # version = "~> 0.1.0"

  zones       = { for suffix, id in var.zones : suffix => { cloudflare = { zone_id = id } } }
  token       = { version = 1 } # raise by one to write a new token
  token_value = var.cloudflare_api_token

  trail = null # the Organization has a trail; {} makes one

  # Any account of the Organization may put events onto the bus; of them, these may have names: each those under its own, and all those
  # that may move from one to another. One account may stand under several names, as for two regions, and has the names under each.
  spokes = { organization_id = var.organization_id }
  accounts = merge(
    { for account in distinct(values(var.accounts)) : account => distinct(flatten([
      for name, id in var.accounts : [for suffix in keys(var.zones) : ["*.${name}.${suffix}", "*.shared.${suffix}"]] if id == account
    ])) },
    { (data.aws_caller_identity.hub.account_id) = ["*"] },
  )
}

data "aws_caller_identity" "hub" {}

# One block per account and region. It may stand in that account's own repository: the hub's output `hub` is all it needs.
module "spoke_blue_frankfurt" {
  source = "../../modules/spoke"
  # source  = "your_namespace/cilium-mesh-dns/aws//modules/spoke"
  # version = "~> 0.1.0"

  hub       = module.mesh_dns.hub
  providers = { aws = aws.blue_frankfurt }
}

module "spoke_green_virginia" {
  source = "../../modules/spoke"
  # source  = "your_namespace/cilium-mesh-dns/aws//modules/spoke"
  # version = "~> 0.1.0"

  hub       = module.mesh_dns.hub
  providers = { aws = aws.green_virginia }
}
