# The tokens: for each a secret that the module makes, an existing one, or Vault.
#
# Here and everywhere else, whether an object is given is asked by `length(object[*])`, which is 0 for null and 1 else. `object == null`
# is sensitive as soon as any attribute inside is, as values of data sources often are, and then nothing may be counted by it.

locals {
  # The default token counts only where a zone at Cloudflare uses it. Decided by keys, so that every ARN and id may be unknown in a first plan.
  uses_default_token = anytrue([for zone in values(var.zones) : zone.cloudflare.token == null if length(zone.cloudflare[*]) > 0])

  # Without the version, which the function need not know and `tokens` does not have.
  token_places = merge(
    { for key, place in var.tokens : key => { existing = place.existing, vault = place.vault } },
    local.uses_default_token ? { default = { existing = var.token.existing, vault = var.token.vault } } : {},
  )

  made_tokens = toset([for key, place in local.token_places : key if length(place.existing[*]) == 0 && length(place.vault[*]) == 0])

  # The prefix, the 26 digits that Terraform appends and the 7 characters that Secrets Manager appends.
  secret_arn_stand_in = "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:${local.kept_name}-token-${substr(sha256(""), 0, 33)}"

  # Token => its secret's ARN; none for a token in Vault.
  secret_arns = merge(
    { for key, secret in aws_secretsmanager_secret.token : key => secret.arn },
    { for key, place in local.token_places : key => place.existing.secret_arn if length(place.existing[*]) > 0 },
  )

  # The settings' `tokens`, as they are and with stand-ins for ARNs that a first plan does not know.
  tokens = {
    for case, arns in {
      real     = local.secret_arns
      measured = merge(local.secret_arns, { for key in local.made_tokens : key => local.secret_arn_stand_in })
      } : case => {
      for key, place in local.token_places : key => {
        for name, value in {
          secret_arn = lookup(arns, key, null)
          json_key   = try(place.existing.json_key, null)
          vault = length(place.vault[*]) == 0 ? null : merge(
            { for name, value in place.vault : name => value if name != "auth" && value != null },
            { auth = { for name, value in place.vault.auth : name => value if name != "token_kms_key_arn" && value != null } },
          )
        } : name => value if name == "secret_arn" ? length(place.vault[*]) == 0 : value != null # an ARN may be unknown
      }
    }
  }
}

resource "aws_secretsmanager_secret" "token" {
  #checkov:skip=CKV2_AWS_57:Secrets Manager cannot make a Cloudflare token; the function reads a changed secret by itself.
  for_each = local.made_tokens

  name_prefix = "${local.kept_name}-token-" # a deleted secret holds its name for its recovery window
  description = "Cloudflare API token of ${var.name} (${each.key}): Zone / DNS / Edit on its zones, as plain text"
  kms_key_id  = var.kms_key_arn
  tags        = local.tags
}

resource "aws_secretsmanager_secret_version" "token" {
  count = var.token.version == null ? 0 : 1

  secret_id = aws_secretsmanager_secret.token["default"].id

  # Empty instead of null: the provider demands an argument whenever the version is set, and most plans need no value. It is sent only
  # when the version is new, and then AWS rejects an empty one: a good token is never overwritten by nothing.
  secret_string_wo         = var.token_value == null ? "" : var.token_value
  secret_string_wo_version = var.token.version
}
