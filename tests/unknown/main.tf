# Whatever an input needs may be made in the same configuration: then a first plan does not know it. One call of the module per input.

resource "terraform_data" "unknown" {
  input = "known after apply"
}

locals {
  unknown = terraform_data.unknown.output

  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token" }

  unknown_vault = {
    address        = local.unknown
    namespace      = local.unknown
    ca_certificate = local.unknown
    mount          = local.unknown
    path           = local.unknown
    key            = local.unknown
    kv_version     = tonumber(local.unknown)
  }
  unknown_logins = {
    aws   = { aws_role = local.unknown, aws_mount = local.unknown, server_id = local.unknown, jwt_role = null, jwt_mount = null, audience = null, token_secret_arn = null, token_kms_key_arn = null }
    jwt   = { aws_role = null, aws_mount = null, server_id = null, jwt_role = local.unknown, jwt_mount = local.unknown, audience = local.unknown, token_secret_arn = null, token_kms_key_arn = null }
    token = { aws_role = null, aws_mount = null, server_id = null, jwt_role = null, jwt_mount = null, audience = null, token_secret_arn = local.unknown, token_kms_key_arn = local.unknown }
  }
  zone_of_each = { for login in keys(local.unknown_logins) : login => { cloudflare = { zone_id = local.unknown, token = login } } }
}

module "zone_id" {
  source = "../../"

  zones = { "mesh.example.com" = { cloudflare = { zone_id = local.unknown } }, "eu.example.com" = { cloudflare = { zone_id = local.unknown } } }
  token = { version = 1 }
  trail = null
}

module "token_value" {
  source = "../../"

  zones       = local.zones
  token       = { version = 1 }
  token_value = local.unknown
  trail       = null
}

module "secret" {
  source = "../../"

  zones = local.zones
  token = { existing = { secret_arn = local.unknown, json_key = local.unknown, kms_key_arn = local.unknown } }
  trail = null
}

module "further_secret" {
  source = "../../"

  zones  = { "mesh.example.com" = { cloudflare = { zone_id = local.unknown, token = "eu" } } }
  tokens = { eu = { existing = { secret_arn = local.unknown, json_key = local.unknown, kms_key_arn = local.unknown } } }
  trail  = null
}

module "further_vaults" {
  source = "../../"

  zones  = { for login, zone in local.zone_of_each : "${login}.example.com" => zone }
  tokens = { for login, auth in local.unknown_logins : login => { vault = merge(local.unknown_vault, { auth = auth }) } }
  trail  = null
}

module "vault_token" {
  source = "../../"

  zones = local.zones
  token = { vault = merge(local.vault, { auth = local.unknown_logins.token }) }
  trail = null
}

module "vault" {
  source = "../../"

  zones = local.zones
  token = { vault = merge(local.unknown_vault, { auth = local.unknown_logins.aws }) }
  trail = null
}

module "vault_jwt" {
  source = "../../"

  zones = local.zones
  token = { vault = merge(local.vault, { auth = local.unknown_logins.jwt }) }
  trail = null
}

module "accounts" {
  source = "../../"

  zones    = local.zones
  accounts = { "111122223333" = ["*"], (local.unknown) = ["*.eu.mesh.example.com"] }
  spokes   = {}
  trail    = null
}

module "organization" {
  source = "../../"

  zones    = local.zones
  accounts = { "111122223333" = ["*"], "*" = ["*.{account}.mesh.example.com"] }
  spokes   = { organization_id = local.unknown, organization_paths = [local.unknown], account_ids = [local.unknown] }
  trail    = null
}

module "required_tags" {
  source = "../../"

  zones         = local.zones
  required_tags = { "service.k8s.aws/stack" = local.unknown }
  trail         = null
}

module "load_balancers" {
  source = "../../"

  zones          = local.zones
  load_balancers = { hostname_tag = local.unknown, internal_only = tobool(local.unknown) }
  trail          = null
}

module "mode" {
  source = "../../"

  zones = local.zones
  mode  = local.unknown
  trail = null
}

module "write_policy" {
  source = "../../"

  zones        = local.zones
  write_policy = local.unknown
  trail        = null
}

module "adopt" {
  source = "../../"

  zones = local.zones
  adopt = local.unknown
  trail = null
}

module "records" {
  source = "../../"

  zones   = local.zones
  records = { ttl = tonumber(local.unknown), grace_seconds = tonumber(local.unknown) }
  trail   = null
}

module "sweep" {
  source = "../../"

  zones = local.zones
  sweep = { minutes = tonumber(local.unknown), flexible_window_minutes = tonumber(local.unknown) }
  trail = null
}

module "trail" {
  source = "../../"

  zones = local.zones
  trail = { retention_days = tonumber(local.unknown), force_destroy = tobool(local.unknown) }
}

module "function" {
  source = "../../"

  zones = local.zones
  function = {
    memory_mb            = tonumber(local.unknown)
    timeout_seconds      = tonumber(local.unknown)
    architecture         = local.unknown
    reserved_concurrency = tobool(local.unknown)
    log_level            = local.unknown
    log_retention_days   = tonumber(local.unknown)
    vpc                  = { subnet_ids = [local.unknown], security_group_ids = [local.unknown] }
  }
  trail = null
}

module "alarm_actions" {
  source = "../../"

  zones         = local.zones
  alarm_actions = [local.unknown]
  trail         = null
}

module "alarms" {
  source = "../../"

  zones  = local.zones
  alarms = { guard = { actions = [local.unknown], ok_actions = [local.unknown] }, backlog = { threshold = tonumber(local.unknown) } }
  trail  = null
}

module "owner" {
  source = "../../"

  zones = local.zones
  owner = local.unknown
  trail = null
}

module "name" {
  source = "../../"

  zones  = local.zones
  name   = local.unknown
  spokes = {}
  trail  = null
}

module "kms_key" {
  source = "../../"

  zones       = local.zones
  kms_key_arn = local.unknown
  trail       = null
}

module "iam" {
  source = "../../"

  zones  = local.zones
  iam    = { path = local.unknown, permissions_boundary = local.unknown }
  spokes = {}
  trail  = null
}

module "tags" {
  source = "../../"

  zones = local.zones
  tags  = { team = local.unknown }
  trail = null
}
