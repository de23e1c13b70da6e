variable "name" {
  type        = string
  description = <<-EOT
    Prefix of every resource's name. Two installations in one account and region need two names. Changing it replaces the
    queues, the topic, the rule, the function, its log group, the roles and the alarms. The owner mark, the token's secret, the table, the
    trails and their buckets keep the first name, so no record is lost, and the token is not needed again. The old log lines are lost; and
    the ARNs of the roles change, which a Vault, a secret or a key of yours may name. Apply every spoke afterwards.

        name = "mesh-dns-eu"
  EOT
  default     = "mesh-dns"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 24
    error_message = "name must have 3 to 24 lower-case letters, digits and single inner hyphens, and start with a letter, like \"mesh-dns\"."
  }
  validation {
    condition     = var.name != "default" && !can(regex("^(aws|amazon|amzn-s3-demo-|ssm|sthree-|xn--)", var.name))
    error_message = "name is \"${var.name}\": \"default\" is EventBridge's own bus and schedule group, and AWS keeps names that begin with aws, amazon, amzn-s3-demo-, ssm, sthree- or xn-- to itself. Choose another, like \"mesh-dns\"."
  }
}

variable "zones" {
  type = map(object({
    cloudflare = optional(object({
      zone_id = string
      token   = optional(string)
    }))
  }))
  description = <<-EOT
    Where names may be written: DNS suffix => the zone that holds it, by provider. A hostname belongs to the longest suffix that it
    lies under; a hostname under none of them is refused. `zone_id` is on the zone's overview page at Cloudflare. `token` is the key
    of the `tokens` entry for this zone; without it, the zone uses `token`. Several suffixes may lie in one zone. Terraform drops an
    attribute that is misspelt in here without a word: the output `settings` shows which token each zone uses.

        zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }

        zones = {
          "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } }
          "eu.example.com"   = { cloudflare = { zone_id = "353c0d2738a13ca9da8fece4f501e320", token = "eu" } }
        }
  EOT
  nullable    = false

  validation {
    condition     = length(var.zones) > 0
    error_message = "zones must name at least one DNS suffix, like { \"mesh.example.com\" = { cloudflare = { zone_id = \"<zone id>\" } } }."
  }
  validation {
    condition = alltrue([
      for suffix in keys(var.zones) :
      can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", suffix)) && length(suffix) <= 253
    ])
    error_message = "Each key of zones must be a DNS name of two labels or more, in lower case, without a trailing dot or a wildcard, like \"mesh.example.com\"."
  }
  validation {
    condition     = alltrue([for zone in values(var.zones) : length(try(zone.cloudflare[*], [])) > 0])
    error_message = "zones says no provider for ${join(", ", [for suffix, zone in var.zones : "\"${suffix}\"" if length(try(zone.cloudflare[*], [])) == 0])}: each zone needs { cloudflare = { zone_id = \"<zone id>\" } }."
  }
  validation {
    condition     = alltrue([for zone in values(var.zones) : can(regex("^[0-9a-f]{32}$", zone.cloudflare.zone_id)) if length(try(zone.cloudflare[*], [])) > 0])
    error_message = "Each zone_id of zones must be a Cloudflare zone id: 32 hexadecimal digits in lower case, like \"023e105f4ecef8ad9ca31a8372d0c353\"."
  }
  validation {
    condition = alltrue(flatten([
      for suffix, zone in var.zones : [
        for other_suffix, other in var.zones : try(zone.cloudflare.token, null) == try(other.cloudflare.token, null)
        if try(zone.cloudflare.zone_id == other.cloudflare.zone_id, false)
      ]
    ]))
    error_message = "zones gives one zone_id two different tokens. Suffixes that lie in the same zone use the same token: give each of them the same key of tokens, or none."
  }
}

variable "token" {
  type = object({
    version = optional(number)
    existing = optional(object({
      secret_arn  = string
      json_key    = optional(string)
      kms_key_arn = optional(string)
    }))
    vault = optional(object({
      address        = string
      namespace      = optional(string)
      ca_certificate = optional(string)
      mount          = string
      path           = string
      key            = string
      kv_version     = optional(number, 2)
      auth = object({
        aws_role          = optional(string)
        aws_mount         = optional(string)
        server_id         = optional(string)
        jwt_role          = optional(string)
        jwt_mount         = optional(string)
        audience          = optional(string)
        token_secret_arn  = optional(string)
        token_kms_key_arn = optional(string)
      })
    }))
  })
  description = <<-EOT
    Where the Cloudflare API token is, for every zone that names none of `tokens`. It needs Zone / DNS / Edit on the zones, nothing else.

    - By default the module makes a secret. `version` says which write of `token_value` it holds: 1 at first, one more each time a new
      value is to be written. The plan then shows the secret's version destroyed and created: AWS keeps the old value as AWSPREVIOUS. Without
      a `version` the secret is created empty and left alone: fill it, and later change it, with
      `aws secretsmanager put-secret-value --secret-id <output secret_arn> --secret-string <token>`. Keep to one of the two ways.
    - `existing`: a secret that is there already, the token as plain text or, with `json_key`, under that key of a JSON secret.
      `kms_key_arn` is the customer key that encrypts it, so that the function may decrypt it. In another account, that account must allow both.
    - `vault`: HashiCorp Vault or OpenBao instead. `auth` takes one of `aws_role` (the AWS method; with `aws_mount`, `server_id` where they
      are set up), `jwt_role` with `audience` (the JWT method, with a token that AWS signs; `jwt_mount` if it is not "jwt") and
      `token_secret_arn` (a Vault token in Secrets Manager; `token_kms_key_arn` if a customer key encrypts it). The function must reach
      it: see `function.vpc`.

    Terraform drops an attribute that is misspelt in here without a word: look in the plan whether a secret is made that you did not want.

        token = { version = 1 }                                           # with token_value
        token = { existing = { secret_arn = aws_secretsmanager_secret.cloudflare.arn, json_key = "token" } }
        token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
        token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "https://vault.example.com" } } }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.token.version == null || (length(var.token.existing[*]) == 0 && length(var.token.vault[*]) == 0)
    error_message = "token.version writes the secret that the module makes: it goes with neither existing nor vault."
  }
  validation {
    condition     = var.token.version == null || try(var.token.version >= 1 && floor(var.token.version) == var.token.version, false)
    error_message = "token.version must be a whole number from 1; raise it by one to write a new token_value."
  }
  validation {
    condition     = anytrue([for zone in values(var.zones) : zone.cloudflare.token == null if length(try(zone.cloudflare[*], [])) > 0]) || (var.token.version == null && length(var.token.existing[*]) == 0 && length(var.token.vault[*]) == 0)
    error_message = "token is set, but no zone uses it: each of zones names one of tokens. Leave token out, or leave token out of a zone."
  }
  validation {
    condition     = alltrue([for place in [var.token] : length(place.existing[*]) == 0 || length(place.vault[*]) == 0])
    error_message = "token takes one of existing (a secret that is there already) and vault, or neither, for a secret that the module makes."
  }
  validation {
    condition = alltrue([
      for arn in flatten([for place in [var.token] : [
        [for existing in place.existing[*] : existing.secret_arn],
        [for vault in place.vault[*] : vault.auth.token_secret_arn if try(vault.auth.token_secret_arn, null) != null],
      ]]) :
      can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$", arn))
    ])
    error_message = "token.existing.secret_arn and token.vault.auth.token_secret_arn must be complete secret ARNs with the six characters that Secrets Manager appends, like \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf\"."
  }
  validation {
    condition = alltrue([
      for arn in flatten([for place in [var.token] : [try(place.existing.kms_key_arn, null), try(place.vault.auth.token_kms_key_arn, null)]]) :
      can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn)) if arn != null
    ])
    error_message = "token.existing.kms_key_arn and token.vault.auth.token_kms_key_arn must be ARNs of KMS keys (not of aliases), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
  validation {
    condition     = alltrue([for place in [var.token] : can(regex("^(https://[^/@]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/|$)", place.vault.address)) if length(place.vault[*]) > 0])
    error_message = "token.vault.address must start with https:// (http:// only on the loopback) and hold no user or password, like \"https://vault.example.com:8200\"."
  }
  validation {
    condition     = alltrue([for place in [var.token] : try(contains([1, 2], place.vault.kv_version), false) if length(place.vault[*]) > 0])
    error_message = "token.vault.kv_version must be 1 or 2."
  }
  validation {
    condition = alltrue(flatten([
      for place in [var.token] : [for part in ["mount", "path", "key"] : try(length(place.vault[part]) > 0, false)] if length(place.vault[*]) > 0
    ]))
    error_message = "token.vault.mount, token.vault.path and token.vault.key say where in Vault the token is: none may be null or empty, like mount = \"secret\", path = \"cloudflare\", key = \"token\"."
  }
  validation {
    condition = alltrue([
      for place in [var.token] :
      try(length([for way in [place.vault.auth.aws_role, place.vault.auth.jwt_role, place.vault.auth.token_secret_arn] : way if way != null]) == 1, false)
      if length(place.vault[*]) > 0
    ])
    error_message = "token.vault.auth takes exactly one of aws_role, jwt_role and token_secret_arn."
  }
  validation {
    condition = alltrue([
      for place in [var.token] :
      try((place.vault.auth.jwt_role == null) == (place.vault.auth.audience == null) && length(coalesce(place.vault.auth.audience, "-")) <= 1000, true)
      if length(place.vault[*]) > 0
    ])
    error_message = "token.vault.auth.jwt_role and token.vault.auth.audience go together: the audience is what the JWT role in Vault has among its bound_audiences, of at most 1000 characters, like \"https://vault.example.com\"."
  }
  validation {
    condition     = alltrue(flatten([for place in [var.token] : [for part in try(values(place.vault.auth), []) : part != ""] if length(place.vault[*]) > 0]))
    error_message = "token.vault.auth has an empty text among its parts. Leave out what is not needed."
  }
  validation {
    condition = alltrue([
      for auth in [for place in [var.token] : place.vault.auth if length(try(place.vault.auth[*], [])) > 0] :
      (auth.aws_role != null || (auth.aws_mount == null && auth.server_id == null))
      && (auth.jwt_role != null || auth.jwt_mount == null)
      && (auth.token_secret_arn != null || auth.token_kms_key_arn == null)
    ])
    error_message = "token.vault.auth mixes two methods: aws_mount and server_id go with aws_role, jwt_mount goes with jwt_role, and token_kms_key_arn goes with token_secret_arn. Leave out what belongs to another."
  }
}

variable "tokens" {
  type = map(object({
    version = optional(number) # only to say that it does not go here
    existing = optional(object({
      secret_arn  = string
      json_key    = optional(string)
      kms_key_arn = optional(string)
    }))
    vault = optional(object({
      address        = string
      namespace      = optional(string)
      ca_certificate = optional(string)
      mount          = string
      path           = string
      key            = string
      kv_version     = optional(number, 2)
      auth = object({
        aws_role          = optional(string)
        aws_mount         = optional(string)
        server_id         = optional(string)
        jwt_role          = optional(string)
        jwt_mount         = optional(string)
        audience          = optional(string)
        token_secret_arn  = optional(string)
        token_kms_key_arn = optional(string)
      })
    }))
  }))
  description = <<-EOT
    Further tokens, for zones that name them: key => a place, as in `token`. `{}` makes an empty secret, which the output `secret_arns`
    names; fill it with `aws secretsmanager put-secret-value`. Only the default token's secret can be written by `token_value`. Terraform
    drops an attribute that is misspelt in here without a word: look in the plan whether a secret is made that you did not want.

        tokens = { eu = { existing = { secret_arn = aws_secretsmanager_secret.eu.arn } } }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tokens) : can(regex("^[a-z][a-z0-9-]{0,15}$", key)) && key != "default"])
    error_message = "Each key of tokens must have 1 to 16 lower-case letters, digits and hyphens, start with a letter, and not be \"default\" (that one is the input token), like \"eu\"."
  }
  validation {
    condition     = length(setsubtract([for zone in values(var.zones) : zone.cloudflare.token if try(zone.cloudflare.token, null) != null], keys(var.tokens))) == 0
    error_message = "tokens lacks what zones names: ${join(", ", [for suffix, zone in var.zones : "\"${zone.cloudflare.token}\" (for \"${suffix}\")" if try(!contains(keys(var.tokens), zone.cloudflare.token), false)])}. Add it, like tokens = { eu = { existing = { secret_arn = \"arn:...\" } } }, or leave token out for the default token."
  }
  validation {
    condition     = length(setsubtract(keys(var.tokens), [for zone in values(var.zones) : zone.cloudflare.token if try(zone.cloudflare.token, null) != null])) == 0
    error_message = "tokens holds what no zone names: ${join(", ", setsubtract(keys(var.tokens), [for zone in values(var.zones) : zone.cloudflare.token if try(zone.cloudflare.token, null) != null]))}. Name it in a zone, like { cloudflare = { zone_id = \"<zone id>\", token = \"eu\" } }, or take it out."
  }
  validation {
    condition     = alltrue([for place in values(var.tokens) : length(place[*]) > 0])
    error_message = "tokens says null for ${join(", ", [for key, place in var.tokens : key if length(place[*]) == 0])}. Write {} for a secret that the module makes, or { existing = { secret_arn = \"arn:...\" } } for one that is there already."
  }
  validation {
    condition     = alltrue([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : place.version == null])
    error_message = "tokens.<key>.version: token_value is for the default token only. Leave version out, and fill the secret with aws secretsmanager put-secret-value."
  }
  validation {
    condition     = alltrue([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : length(place.existing[*]) == 0 || length(place.vault[*]) == 0])
    error_message = "Each of tokens takes one of existing (a secret that is there already) and vault, or neither, for a secret that the module makes."
  }
  validation {
    condition = alltrue([
      for arn in flatten([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : [
        [for existing in place.existing[*] : existing.secret_arn],
        [for vault in place.vault[*] : vault.auth.token_secret_arn if try(vault.auth.token_secret_arn, null) != null],
      ]]) :
      can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$", arn))
    ])
    error_message = "tokens.<key>.existing.secret_arn and tokens.<key>.vault.auth.token_secret_arn must be complete secret ARNs with the six characters that Secrets Manager appends, like \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf\"."
  }
  validation {
    condition = alltrue([
      for arn in flatten([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : [try(place.existing.kms_key_arn, null), try(place.vault.auth.token_kms_key_arn, null)]]) :
      can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn)) if arn != null
    ])
    error_message = "tokens.<key>.existing.kms_key_arn and tokens.<key>.vault.auth.token_kms_key_arn must be ARNs of KMS keys (not of aliases), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
  validation {
    condition     = alltrue([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : can(regex("^(https://[^/@]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/|$)", place.vault.address)) if length(place.vault[*]) > 0])
    error_message = "tokens.<key>.vault.address must start with https:// (http:// only on the loopback) and hold no user or password, like \"https://vault.example.com:8200\"."
  }
  validation {
    condition     = alltrue([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : try(contains([1, 2], place.vault.kv_version), false) if length(place.vault[*]) > 0])
    error_message = "tokens.<key>.vault.kv_version must be 1 or 2."
  }
  validation {
    condition = alltrue(flatten([
      for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : [for part in ["mount", "path", "key"] : try(length(place.vault[part]) > 0, false)] if length(place.vault[*]) > 0
    ]))
    error_message = "tokens.<key>.vault.mount, tokens.<key>.vault.path and tokens.<key>.vault.key say where in Vault the token is: none may be null or empty, like mount = \"secret\", path = \"cloudflare\", key = \"token\"."
  }
  validation {
    condition = alltrue([
      for place in [for each in values(var.tokens) : each if length(each[*]) > 0] :
      try(length([for way in [place.vault.auth.aws_role, place.vault.auth.jwt_role, place.vault.auth.token_secret_arn] : way if way != null]) == 1, false)
      if length(place.vault[*]) > 0
    ])
    error_message = "tokens.<key>.vault.auth takes exactly one of aws_role, jwt_role and token_secret_arn."
  }
  validation {
    condition = alltrue([
      for place in [for each in values(var.tokens) : each if length(each[*]) > 0] :
      try((place.vault.auth.jwt_role == null) == (place.vault.auth.audience == null) && length(coalesce(place.vault.auth.audience, "-")) <= 1000, true)
      if length(place.vault[*]) > 0
    ])
    error_message = "tokens.<key>.vault.auth.jwt_role and tokens.<key>.vault.auth.audience go together: the audience is what the JWT role in Vault has among its bound_audiences, of at most 1000 characters, like \"https://vault.example.com\"."
  }
  validation {
    condition     = alltrue(flatten([for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : [for part in try(values(place.vault.auth), []) : part != ""] if length(place.vault[*]) > 0]))
    error_message = "tokens.<key>.vault.auth has an empty text among its parts. Leave out what is not needed."
  }
  validation {
    condition = alltrue([
      for auth in [for place in [for each in values(var.tokens) : each if length(each[*]) > 0] : place.vault.auth if length(try(place.vault.auth[*], [])) > 0] :
      (auth.aws_role != null || (auth.aws_mount == null && auth.server_id == null))
      && (auth.jwt_role != null || auth.jwt_mount == null)
      && (auth.token_secret_arn != null || auth.token_kms_key_arn == null)
    ])
    error_message = "tokens.<key>.vault.auth mixes two methods: aws_mount and server_id go with aws_role, jwt_mount goes with jwt_role, and token_kms_key_arn goes with token_secret_arn. Leave out what belongs to another."
  }
}

variable "token_value" {
  type        = string
  description = <<-EOT
    The Cloudflare API token itself, for the secret that the module makes: it goes there as a write-only argument and stays out of the
    state and the plan. Set `token.version` with it. It is needed only when a version is written, then also at the apply of a saved plan;
    leave it out otherwise. No plan can see that it is missing: the apply then fails with "You must provide either SecretString or
    SecretBinary", the old value stays in use, and the next apply with a value writes it. Give it by the environment (`TF_VAR_...`), not
    by a file.

        token_value = var.cloudflare_api_token # an ephemeral variable of yours
  EOT
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.token_value == null || var.token.version != null
    error_message = "token_value is given, but token.version does not say which write it is. Set token = { version = 1 }, and raise the number by one to write a new value."
  }
  validation {
    condition     = var.token_value == null || can(regex("^[!-~]{20,}$", var.token_value))
    error_message = "token_value must be the bare token: 20 or more printable characters without spaces or line ends, and no \"Bearer \" in front."
  }
}

variable "accounts" {
  type        = map(list(string))
  description = <<-EOT
    Which accounts may claim which names: account => hostname patterns. `*` is any name in the zones, `*.` in front stands for one
    or more labels, `{account}` for the account's id, anything else is that one name. The key "*" is any account of the Organization that
    `spokes` names, except those that have an entry of their own, which then stands alone. Null lets this account claim any name in the
    zones; a map replaces the default, so include this account. Tightening it never deletes a live name. What does not fit
    into the function's settings goes to an item of its table, which the plan shows in any case.

        accounts = { "111122223333" = ["*.eu.mesh.example.com"], "444455556666" = ["cluster9.mesh.example.com"] }
        accounts = { "111122223333" = ["*"], "*" = ["*.{account}.mesh.example.com"] }
  EOT
  default     = null

  validation {
    condition     = var.accounts == null || try(length(var.accounts) > 0, false)
    error_message = "accounts must name at least one account; leave it null to let this account claim any name in the zones."
  }
  validation {
    condition     = alltrue([for account in keys(coalesce(var.accounts, {})) : can(regex("^([0-9]{12}|\\*)$", account))])
    error_message = "Each key of accounts must be an AWS account id of 12 digits in quotes, like \"111122223333\", or \"*\" for any account of the Organization."
  }
  validation {
    condition     = alltrue([for patterns in values(coalesce(var.accounts, {})) : try(alltrue([for pattern in patterns : pattern != null]), false)])
    error_message = "accounts has null for ${join(", ", [for account, patterns in coalesce(var.accounts, {}) : "\"${account}\"" if !try(alltrue([for pattern in patterns : pattern != null]), false)])}, or among its patterns. Write [] for an account that may claim nothing, or the patterns that it may claim, like [\"*.eu.mesh.example.com\"]."
  }
  validation {
    condition = alltrue([
      for pattern in flatten([for patterns in values(coalesce(var.accounts, {})) : [for each in patterns : each if each != null] if patterns != null]) :
      can(regex("^(\\*|(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+)$", replace(pattern, "{account}", "111122223333")))
    ])
    error_message = "Each pattern of accounts must be \"*\", a name, or a name with \"*.\" in front, in lower case, like \"*.eu.mesh.example.com\" or \"*.{account}.mesh.example.com\"."
  }
  validation {
    condition = alltrue([
      for pattern in flatten([for patterns in values(coalesce(var.accounts, {})) : [for each in patterns : each if each != null] if patterns != null]) :
      pattern == "*" || anytrue([for suffix in keys(var.zones) : endswith(pattern, ".${suffix}")])
    ])
    error_message = "Each pattern of accounts must lie under a suffix of zones: with the zone \"mesh.example.com\", a pattern like \"*.mesh.example.com\" or \"*.eu.mesh.example.com\"."
  }
}

variable "spokes" {
  type = object({
    organization_id    = optional(string)
    organization_paths = optional(list(string), [])
    account_ids        = optional(list(string))
  })
  description = <<-EOT
    Other accounts and regions, each of which joins with one `modules/spoke` block that gets the output `hub`. Null for none. This says
    who may put events onto the hub's event bus: the accounts of an Organization, those of some of its units, or single accounts; with none
    of the three, exactly those that `accounts` names. The function looks only at accounts that `accounts` names: set it as soon as a second
    account joins. `{}` alone is for other regions of this account. Terraform drops an attribute that is misspelt in
    here without a word: the plan of the bus's policy shows who may put events.

        spokes = {}
        spokes = { organization_id = "o-a1b2c3d4e5" }
        spokes = { organization_paths = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"], account_ids = ["444455556666"] }
  EOT
  default     = null

  validation {
    condition     = try(var.spokes.organization_id, null) == null || can(regex("^o-[a-z0-9]{10,32}$", var.spokes.organization_id))
    error_message = "spokes.organization_id must be the id of an AWS Organization, like \"o-a1b2c3d4e5\"."
  }
  validation {
    condition     = alltrue([for path in try(var.spokes.organization_paths, []) : can(regex("^o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*\\*?$", path))])
    error_message = "Each of spokes.organization_paths must be a whole path from the Organization to the unit, with a slash or a slash and an asterisk at its end, like \"o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*\"."
  }
  validation {
    condition     = alltrue([for account in coalesce(try(var.spokes.account_ids, null), []) : can(regex("^[0-9]{12}$", account))])
    error_message = "Each of spokes.account_ids must be an AWS account id of 12 digits in quotes, like \"111122223333\"."
  }
  validation {
    condition     = !contains(keys(coalesce(var.accounts, {})), "*") || try(var.spokes.organization_id, null) != null || length(try(var.spokes.organization_paths, [])) > 0
    error_message = "accounts has an entry \"*\" for any account of an Organization, but spokes does not say of which. Set spokes = { organization_id = \"o-a1b2c3d4e5\" }, or organization_paths for some of its units."
  }
  validation {
    condition = (
      contains(keys(coalesce(var.accounts, {})), "*")
      || length(setsubtract(coalesce(try(var.spokes.account_ids, null), []), keys(coalesce(var.accounts, {})))) == 0
    )
    error_message = "Each of spokes.account_ids must also be a key of accounts, which says what names it may have: the function discards messages of whoever is not there."
  }
  validation {
    condition     = var.accounts != null || (try(var.spokes.organization_id, null) == null && length(try(var.spokes.organization_paths, [])) == 0)
    error_message = "spokes lets an Organization put events, but accounts does not say which of its accounts may have which names, so the function would discard the messages of all but this one. Set accounts = { \"<account id>\" = [\"*.eu.mesh.example.com\"] }."
  }
}

variable "load_balancers" {
  type = object({
    hostname_tag  = optional(string, "hostname")
    internal_only = optional(bool, true)
  })
  description = <<-EOT
    Which load balancers may claim names: the tag that holds the hostname (several, separated by spaces), and whether only internal ones
    count. Terraform drops an attribute that is misspelt in here without a word: the output `settings` shows both. See also `required_tags`.

        load_balancers = { hostname_tag = "dns-name", internal_only = false }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$", var.load_balancers.hostname_tag)) && !startswith(lower(var.load_balancers.hostname_tag), "aws:")
    error_message = "load_balancers.hostname_tag must be a tag key: 1 to 128 letters, digits, spaces and _.:/=+-@, not starting with \"aws:\", like \"hostname\"."
  }
}

variable "required_tags" {
  type        = map(string)
  description = <<-EOT
    Tags that a load balancer must have, with these values, to claim names. Anyone who may create a Service can set the hostname tag; a
    required tag that the controller sets itself, and no annotation can override, tells the mesh's own Service from others.

        required_tags = { "service.k8s.aws/stack" = "kube-system/clustermesh-apiserver" }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key in keys(var.required_tags) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$", key)) && !startswith(lower(key), "aws:")
    ])
    error_message = "The keys of required_tags must be tag keys: 1 to 128 letters, digits, spaces and _.:/=+-@, not starting with \"aws:\"."
  }
  validation {
    condition     = alltrue([for value in values(var.required_tags) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$", value))])
    error_message = "Each value of required_tags must be a tag value: at most 256 letters, digits, spaces and _.:/=+-@ (no comma, no wildcard)."
  }
}

variable "mode" {
  type        = string
  description = <<-EOT
    "apply" writes records; "dry-run" decides and logs the same, and writes nothing.

        mode = "dry-run"
  EOT
  default     = "apply"
  nullable    = false

  validation {
    condition     = contains(["apply", "dry-run"], var.mode)
    error_message = "mode must be \"apply\" or \"dry-run\"."
  }
}

variable "write_policy" {
  type        = string
  description = <<-EOT
    Which changes are carried out: "sync" creates, changes and deletes records, "upsert-only" never deletes, "create-only" only creates.

        write_policy = "upsert-only"
  EOT
  default     = "sync"
  nullable    = false

  validation {
    condition     = contains(["sync", "upsert-only", "create-only"], var.write_policy)
    error_message = "write_policy must be \"sync\", \"upsert-only\" or \"create-only\"."
  }
}

variable "adopt" {
  type        = string
  description = <<-EOT
    Records that were there before: "none" leaves them alone, "matching" takes over a CNAME made by hand that already leads to the right
    load balancer.

        adopt = "matching"
  EOT
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "matching"], var.adopt)
    error_message = "adopt must be \"none\" or \"matching\"."
  }
}

variable "records" {
  type = object({
    ttl           = optional(number, 60)
    grace_seconds = optional(number, 600)
  })
  description = <<-EOT
    `ttl`: seconds that resolvers keep an answer. `grace_seconds`: the time between the two looks, both of which must find a name no
    longer claimed, before its record is deleted; short ones are for tests. Terraform drops an attribute that is misspelt in here without
    a word: the output `settings` shows both. What is written at all is decided by `mode`, `write_policy` and `adopt`.

        records = { ttl = 300 }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.records.ttl >= 60 && var.records.ttl <= 86400 && floor(var.records.ttl) == var.records.ttl
    error_message = "records.ttl must be a whole number of seconds from 60 to 86400."
  }
  validation {
    condition     = var.records.grace_seconds >= 0 && var.records.grace_seconds <= 900 && floor(var.records.grace_seconds) == var.records.grace_seconds
    error_message = "records.grace_seconds must be a whole number from 0 to 900: the second look waits in SQS, which delays by 900 s at most."
  }
}

variable "sweep" {
  type = object({
    minutes                 = optional(number, 15)
    flexible_window_minutes = optional(number)
  })
  description = <<-EOT
    The sweep looks at every tagged load balancer: it heals what an event missed, and shows that the path is alive. It starts every
    `minutes`, at any moment of a flexible window, by default two thirds of the period, so that many scopes spread out. Terraform drops
    an attribute that is misspelt in here without a word: the plan shows the schedule.

        sweep = { minutes = 5 }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.sweep.minutes >= 1 && var.sweep.minutes <= 240 && floor(var.sweep.minutes) == var.sweep.minutes
    error_message = "sweep.minutes must be a whole number from 1 to 240."
  }
  validation {
    condition = var.sweep.flexible_window_minutes == null || try(
      var.sweep.flexible_window_minutes >= 1 && var.sweep.flexible_window_minutes <= var.sweep.minutes
      && floor(var.sweep.flexible_window_minutes) == var.sweep.flexible_window_minutes,
      false,
    )
    error_message = "sweep.flexible_window_minutes must be a whole number from 1 to sweep.minutes."
  }
}

variable "trail" {
  type = object({
    retention_days = optional(number, 30)
    force_destroy  = optional(bool, false)
  })
  description = <<-EOT
    The CloudTrail trail that carries load balancer calls to EventBridge; without one, names follow only with the next sweep. There is no
    default, because no choice is right everywhere:

    - `null`: the account has a trail that logs write management events in this region, as most accounts do, and all under an Organization's
      trail. Look with `aws cloudtrail describe-trails`.
    - `{}`: the module makes one, write calls only, with a bucket whose objects expire after `retention_days`. A second copy of management
      events costs money, and an account may have five trails a region. `force_destroy` lets `terraform destroy` delete the bucket with
      what is in it; without it, a bucket that holds log files stops the destroy.

    Terraform drops an attribute that is misspelt in here without a word: the plan shows the bucket and its expiry.

        trail = null
        trail = { retention_days = 7, force_destroy = true }
  EOT
  validation {
    condition     = length(var.trail[*]) == 0 || try(var.trail.retention_days >= 1 && floor(var.trail.retention_days) == var.trail.retention_days, false)
    error_message = "trail.retention_days must be a whole number from 1."
  }
}

variable "function" {
  type = object({
    memory_mb            = optional(number, 256)
    timeout_seconds      = optional(number, 120)
    architecture         = optional(string, "arm64")
    reserved_concurrency = optional(bool, true)
    log_level            = optional(string, "INFO")
    log_retention_days   = optional(number, 365)
    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
  })
  description = <<-EOT
    The Lambda function. `reserved_concurrency` keeps it to one copy at a time; set it to false on accounts whose whole Lambda concurrency is
    10, which AWS lets nobody reserve from: two copies may then overlap, and names are still right after the next look. `vpc` puts it into
    subnets, which need a way out to AWS and Cloudflare: for a Vault that only answers there. Taking `vpc` away also takes the role's rights
    over network interfaces away, which Lambda needs for up to 20 more minutes: the operations document has the two steps. Terraform
    drops an attribute that is misspelt in here without a word: the plan shows the function.

        function = { log_level = "DEBUG", vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] } }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.function.memory_mb >= 128 && var.function.memory_mb <= 10240 && floor(var.function.memory_mb) == var.function.memory_mb
    error_message = "function.memory_mb must be a whole number from 128 to 10240."
  }
  validation {
    condition     = var.function.timeout_seconds >= 60 && var.function.timeout_seconds <= 900 && floor(var.function.timeout_seconds) == var.function.timeout_seconds
    error_message = "function.timeout_seconds must be a whole number from 60 to 900: 20 s of it are kept for the last write and the answer, and less than 40 s do not list a scope in a far region."
  }
  validation {
    condition     = contains(["arm64", "x86_64"], var.function.architecture)
    error_message = "function.architecture must be \"arm64\" or \"x86_64\"."
  }
  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.function.log_level)
    error_message = "function.log_level must be \"DEBUG\", \"INFO\", \"WARNING\" or \"ERROR\"."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.function.log_retention_days)
    error_message = "function.log_retention_days must be a retention that CloudWatch Logs knows, like 7, 30, 90 or 365."
  }
  validation {
    condition     = length(var.function.vpc[*]) == 0 || try(length(var.function.vpc.subnet_ids) > 0 && length(var.function.vpc.security_group_ids) > 0, false)
    error_message = "function.vpc needs at least one subnet id and one security group id."
  }
}

variable "alarm_actions" {
  type        = list(string)
  description = <<-EOT
    ARNs, at most 5, that every alarm notifies when it starts and when it ends; empty: the alarms only show. A first apply sends one OK for each alarm
    (a new one leaves INSUFFICIENT_DATA); `silence` starts before that and ends with the first sweep. Each description says so.

        alarm_actions = [aws_sns_topic.on_call.arn]
  EOT
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+$", arn))])
    error_message = "Each of alarm_actions must be an ARN, like \"arn:aws:sns:eu-west-1:111122223333:on-call\"."
  }
  validation {
    condition     = length(distinct(var.alarm_actions)) <= 5
    error_message = "alarm_actions has more than 5 ARNs, and CloudWatch takes 5 for each alarm. Let one topic notify the others, like alarm_actions = [aws_sns_topic.on_call.arn]."
  }
}

variable "alarms" {
  type = map(object({
    enabled    = optional(bool, true)
    threshold  = optional(number)
    actions    = optional(list(string))
    ok_actions = optional(list(string))
  }))
  description = <<-EOT
    Single alarms by name: `enabled = false` makes none, `threshold` is another limit in the alarm's own unit (`silence` has no other),
    `actions` and `ok_actions` take the place of `alarm_actions` (`ok_actions = []` says nothing at its end). What each alarm means is in
    its description. Terraform drops an attribute that is misspelt in here without a word, and the plan shows each alarm; an unknown alarm
    fails the plan.

        alarms = { guard = { actions = [aws_sns_topic.on_call.arn] }, backlog = { threshold = 7200 }, topic = { enabled = false } }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.alarms), [
      "backlog", "dead-letter", "deletes-waiting", "errors", "failing", "guard", "overdue", "rule", "silence", "spokes-rule", "topic", "zone-denied",
    ])) == 0
    error_message = "alarms has a key that is no alarm's name. The names: backlog, dead-letter, deletes-waiting, errors, failing, guard, overdue, rule, silence, spokes-rule, topic, zone-denied."
  }
  validation {
    condition     = alltrue([for alarm in values(var.alarms) : length(alarm[*]) > 0])
    error_message = "alarms says null for ${join(", ", [for name, alarm in var.alarms : name if length(alarm[*]) == 0])}. Write { enabled = false } for an alarm that is not to be made, or leave its key out for one that stays as it is."
  }
  validation {
    condition     = alltrue([for alarm in values(var.alarms) : alarm.threshold == null || try(alarm.threshold >= 0, false) if length(alarm[*]) > 0])
    error_message = "alarms.<name>.threshold must be a number from 0, in the alarm's own unit (messages, seconds)."
  }
  validation {
    condition     = alltrue([for name, alarm in var.alarms : alarm.threshold == null if length(alarm[*]) > 0 && name == "silence"])
    error_message = "alarms.silence takes no threshold: it starts when three sweep periods in a row have no completed sweep, and of a sweep a period there is no other limit (0 would never start it, 2 would never let it end). Change sweep.minutes, which sets the period, or leave threshold out."
  }
  validation {
    condition     = alltrue([for arn in flatten([for alarm in values(var.alarms) : [coalesce(alarm.actions, []), coalesce(alarm.ok_actions, [])] if length(alarm[*]) > 0]) : can(regex("^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+$", arn))])
    error_message = "Each of alarms.<name>.actions and alarms.<name>.ok_actions must be an ARN, like \"arn:aws:sns:eu-west-1:111122223333:on-call\"."
  }
  validation {
    condition     = alltrue(flatten([for alarm in values(var.alarms) : [for arns in [alarm.actions, alarm.ok_actions] : length(distinct(coalesce(arns, []))) <= 5] if length(alarm[*]) > 0]))
    error_message = "alarms.<name>.actions or alarms.<name>.ok_actions has more than 5 ARNs, and CloudWatch takes 5 of each kind for an alarm. Let one topic notify the others, like actions = [aws_sns_topic.on_call.arn]."
  }
}

variable "owner" {
  type        = string
  description = <<-EOT
    The owner mark: the first word in the comment of every record that this installation writes, and so how it knows its own. Null makes one
    from this account, region and the first `name`, and keeps it when `name` changes. Set it only to carry records over: when the hub
    moves, or when the state is lost after `name` was changed. It is then the old installation's `owner` output, which is also the first
    word in each record's comment. **Any other change makes every record foreign**: they stay as they are, and their names are
    refused as `name-taken` until the old mark is back.

        owner = "mesh-dns/1f0c9a3e"
  EOT
  default     = null

  validation {
    condition     = var.owner == null || can(regex("^[!-~]{1,17}$", var.owner))
    error_message = "owner must have 1 to 17 printable ASCII characters without a space, like \"mesh-dns/1f0c9a3e\"."
  }
}

variable "kms_key_arn" {
  type        = string
  description = <<-EOT
    A customer key for the queues, the topic, the logs, the module's secrets, its table, the function's environment, and the trail with its bucket; null
    uses encryption by AWS-owned keys (none on the topic). The key's policy must let the services in, CloudTrail too where the module makes a
    trail: `SECURITY.md` has a block to copy. Not the AWS-managed `alias/aws/sns`: EventBridge cannot publish under it. Before you take it
    away, move the module's secret off it, or the function can no longer read the token: `docs/inputs.md` has the steps.

        kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  EOT
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a customer key (not of an alias), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
}

variable "iam" {
  type = object({
    path                 = optional(string, "/")
    permissions_boundary = optional(string)
  })
  description = <<-EOT
    Where the roles live and what bounds them. Changing `path` replaces the roles, those of the spokes too, and the function gets its new
    one in place; second looks that were under way are void, and the next sweep starts over. Terraform drops an attribute that is misspelt
    in here without a word: the plan shows the boundary at each role.

        iam = { path = "/platform/", permissions_boundary = aws_iam_policy.boundary.arn }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^/([!-.0-~]+/)*$", var.iam.path)) && length(var.iam.path) <= 512
    error_message = "iam.path must start and end with a slash, like \"/platform/\"."
  }
  validation {
    condition     = var.iam.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary))
    error_message = "iam.permissions_boundary must be the ARN of an IAM policy, like \"arn:aws:iam::111122223333:policy/boundary\"."
  }
}

variable "tags" {
  type        = map(string)
  description = <<-EOT
    Tags of every resource that can have them. Each also gets `mesh-dns`, which tells this installation and its spokes from others.

        tags = { team = "platform" }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$", key)) && !startswith(lower(key), "aws:") && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$", value))])
    error_message = "tags must have keys of 1 to 128 and values of at most 256 letters, digits, spaces and _.:/=+-@, and no key that starts with \"aws:\"."
  }
  validation {
    condition     = !contains(keys(var.tags), "mesh-dns")
    error_message = "tags must not have the key \"mesh-dns\": the module sets it, with one value in the hub and its spokes."
  }
}
