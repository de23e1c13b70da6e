# A value may be sensitive, as those of data.aws_ssm_parameter and tfe_outputs always are, and nothing may be counted by it. One call of the
# module per input that another configuration may hand over.

locals {
  zone_id = "023e105f4ecef8ad9ca31a8372d0c353"
  zones   = { "mesh.example.com" = { cloudflare = { zone_id = local.zone_id } } }
  secret  = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf"
  key     = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  vault   = { address = sensitive("https://vault.example.com"), mount = sensitive("secret"), path = sensitive("cloudflare"), key = sensitive("token") }
}

module "zone_id" {
  source = "../../"

  zones = { "mesh.example.com" = { cloudflare = { zone_id = sensitive(local.zone_id) } } }
  trail = null
}

module "zone_id_of_a_further_token" {
  source = "../../"

  zones  = { "mesh.example.com" = { cloudflare = { zone_id = sensitive(local.zone_id), token = "eu" } } }
  tokens = { eu = {} }
  trail  = null
}

module "secret" {
  source = "../../"

  zones = local.zones
  token = { existing = { secret_arn = sensitive(local.secret), json_key = sensitive("token"), kms_key_arn = sensitive(local.key) } }
  trail = null
}

module "further_places" {
  source = "../../"

  zones = { for token in ["made", "eu", "us"] : "${token}.example.com" => { cloudflare = { zone_id = substr(sha256(token), 0, 32), token = token } } }
  tokens = {
    made = {}
    eu   = { existing = { secret_arn = sensitive(local.secret), kms_key_arn = sensitive(local.key) } }
    us   = { vault = merge(local.vault, { auth = { jwt_role = sensitive("mesh-dns"), audience = sensitive("https://vault.example.com") } }) }
  }
  trail = null
}

module "vault" {
  source = "../../"

  zones = local.zones
  token = { vault = merge(local.vault, { auth = { aws_role = sensitive("mesh-dns"), server_id = sensitive("vault.example.com") } }) }
  trail = null
}

module "vault_token" {
  source = "../../"

  zones = local.zones
  token = { vault = merge(local.vault, { auth = { token_secret_arn = sensitive(local.secret), token_kms_key_arn = sensitive(local.key) } }) }
  trail = null
}

module "organization" {
  source = "../../"

  zones    = local.zones
  accounts = { "111122223333" = ["*"], "*" = [sensitive("*.{account}.mesh.example.com")] }
  spokes   = { organization_id = sensitive("o-a1b2c3d4e5") }
  trail    = null
}

module "organizational_units" {
  source = "../../"

  zones    = local.zones
  accounts = { "111122223333" = ["*"], "*" = ["*.{account}.mesh.example.com"] }
  spokes   = { organization_paths = sensitive(["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"]) }
  trail    = null
}

module "accounts" {
  source = "../../"

  zones    = local.zones
  accounts = { "111122223333" = ["*"], "444455556666" = ["eu.mesh.example.com"] }
  spokes   = { account_ids = [sensitive("444455556666")] }
  trail    = null
}

module "account_list" {
  source = "../../"

  zones    = local.zones
  accounts = { "111122223333" = ["*"], "444455556666" = ["eu.mesh.example.com"] }
  spokes   = { account_ids = sensitive(["444455556666"]) }
  trail    = null
}

# What a hub with a sensitive id hands over is not sensitive, and a spoke takes it.
module "spoke" {
  source = "../../modules/spoke"

  hub   = merge(module.organization.hub, { account = "777788889999", reader_role = sensitive(module.organization.hub.reader_role) })
  trail = { retention_days = sensitive(30) }
}

module "function" {
  source = "../../"

  zones    = local.zones
  function = { vpc = { subnet_ids = [sensitive("subnet-0a1b2c3d")], security_group_ids = sensitive(["sg-0a1b2c3d"]) } }
  trail    = { retention_days = sensitive(30) }
}

module "alarms" {
  source = "../../"

  zones         = local.zones
  alarm_actions = [sensitive("arn:aws:sns:eu-west-1:111122223333:on-call")]
  alarms        = { guard = { actions = [sensitive("arn:aws:sns:eu-west-1:111122223333:on-call")], threshold = sensitive(1) } }
  trail         = null
}

module "keys" {
  source = "../../"

  zones       = local.zones
  kms_key_arn = sensitive(local.key)
  iam         = { permissions_boundary = sensitive("arn:aws:iam::111122223333:policy/boundary") }
  owner       = sensitive("mesh-dns/1f0c9a3e")
  spokes      = {}
  trail       = {}
}
