# The token: a secret that the module makes, an existing one, or Vault.

locals {
  makes_secret = var.token.secret_arn == null && var.token.vault == null

  secret_arn = local.makes_secret ? one(aws_secretsmanager_secret.token[*].arn) : var.token.secret_arn

  # The prefix, the 26 digits that Terraform appends and the 7 characters that Secrets Manager appends.
  secret_arn_stand_in = "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:${var.name}-token-${substr(sha256(""), 0, 33)}"

  vault = var.token.vault == null ? null : merge(
    { for key, value in var.token.vault : key => value if key != "auth" && value != null },
    { auth = { for key, value in var.token.vault.auth : key => value if value != null } },
  )

  # The settings' `token` for a given secret: null where Vault holds it.
  token = {
    for case, arn in { real = local.secret_arn, measured = local.makes_secret ? local.secret_arn_stand_in : var.token.secret_arn } : case => {
      for key, value in { secret_arn = arn, json_key = var.token.json_key, vault = local.vault } : key => value if value != null
    }
  }
}

resource "aws_secretsmanager_secret" "token" {
  #checkov:skip=CKV2_AWS_57:Secrets Manager cannot make a Cloudflare token; the function reads a changed secret by itself.
  count = local.makes_secret ? 1 : 0

  name_prefix = "${var.name}-token-" # a deleted secret holds its name for its recovery window
  description = "Cloudflare API token of ${var.name}: Zone / DNS / Edit on its zones, as plain text"
  kms_key_id  = var.kms_key_arn
  tags        = local.tags
}

resource "aws_secretsmanager_secret_version" "token" {
  count = var.token.version == null ? 0 : 1

  secret_id = aws_secretsmanager_secret.token[0].id

  # Empty instead of null: the provider demands an argument whenever the version is set, and most plans need no value. It is sent only
  # when the version is new, and then AWS refuses an empty one: a good token is never overwritten by nothing.
  secret_string_wo         = var.token_value == null ? "" : var.token_value
  secret_string_wo_version = var.token.version
}
