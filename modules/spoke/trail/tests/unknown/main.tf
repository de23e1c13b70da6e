# Everything that a first plan does not know, in one call: no input here decides what is made.

resource "terraform_data" "unknown" {
  input = "known after apply"
}

locals {
  unknown = terraform_data.unknown.output
}

module "trail" {
  source = "../../"

  name           = local.unknown
  bucket         = local.unknown
  retention_days = tonumber(local.unknown)
  force_destroy  = tobool(local.unknown)
  kms_key_arn    = local.unknown
  tags           = { team = local.unknown }
}
