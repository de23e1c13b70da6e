variable "name" {
  description = "Prefix of every resource's name, for example \"mesh-dns\". Two installations in one account and region need two names."
  type        = string
  default     = "mesh-dns"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 24
    error_message = "name must have 3 to 24 lower-case letters, digits and single inner hyphens, and start with a letter, like \"mesh-dns\"."
  }
}

variable "zones" {
  description = <<-EOT
    Where names may be written: DNS suffix => id of the Cloudflare zone that holds it. A hostname belongs to the longest suffix
    that it lies under; a hostname under none of them is refused. The id stands on the zone's overview page.

        zones = { "mesh.example.com" = "023e105f4ecef8ad9ca31a8372d0c353" }
  EOT
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.zones) > 0
    error_message = "zones must name at least one DNS suffix, like { \"mesh.example.com\" = \"<zone id>\" }."
  }
  validation {
    condition = alltrue([
      for suffix in keys(var.zones) :
      can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", suffix)) && length(suffix) <= 253
    ])
    error_message = "Each key of zones must be a DNS name of two labels or more, in lower case, without a trailing dot or a wildcard, like \"mesh.example.com\"."
  }
  validation {
    condition     = alltrue([for id in values(var.zones) : can(regex("^[0-9a-f]{32}$", id))])
    error_message = "Each value of zones must be a Cloudflare zone id: 32 hexadecimal digits in lower case, like \"023e105f4ecef8ad9ca31a8372d0c353\"."
  }
}

variable "token" {
  description = <<-EOT
    Where the Cloudflare API token is. It needs Zone / DNS / Edit on the zones, nothing else.

    - By default the module makes a secret. `version` says which write of `token_value` it holds: 1 at first, one more each time a new
      value is to be written. Without a `version` the secret is created empty and left alone: fill it, and later change it, with
      `aws secretsmanager put-secret-value --secret-id <output secret_arn> --secret-string <token>`. Keep to one of the two ways.
    - `secret_arn`: an existing secret, the token as plain text or, with `json_key`, under that key of a JSON secret. `kms_key_arn` is
      the customer key that encrypts it, so that the function may decrypt it. In another account, that account must allow both.
    - `zones`: DNS suffix => existing secret (plain text) for zones that have a token of their own.
    - `vault`: HashiCorp Vault or OpenBao instead. `auth` takes either `aws_role` (IAM login; with `aws_mount`, `server_id` where they
      are set up) or `token_secret_arn` (a Vault token in Secrets Manager). The function must reach it: see `function.vpc`.

        token = { version = 1 }                                           # with token_value
        token = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", json_key = "token" }
        token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
  EOT
  type = object({
    version     = optional(number)
    secret_arn  = optional(string)
    json_key    = optional(string)
    kms_key_arn = optional(string)
    zones       = optional(map(string), {})
    vault = optional(object({
      address        = string
      namespace      = optional(string)
      ca_certificate = optional(string)
      mount          = string
      path           = string
      key            = string
      kv_version     = optional(number, 2)
      auth = object({
        aws_role         = optional(string)
        aws_mount        = optional(string)
        server_id        = optional(string)
        token_secret_arn = optional(string)
      })
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = length([for source in [var.token.version, var.token.secret_arn, var.token.vault] : source if source != null]) <= 1
    error_message = "token takes one of version (a secret that the module makes), secret_arn (an existing secret) and vault."
  }
  validation {
    condition     = var.token.version == null || try(var.token.version >= 1 && floor(var.token.version) == var.token.version, false)
    error_message = "token.version must be a whole number from 1; raise it by one to write a new token_value."
  }
  validation {
    condition = alltrue([
      for arn in concat(compact([var.token.secret_arn, try(var.token.vault.auth.token_secret_arn, null)]), values(var.token.zones)) :
      can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$", arn))
    ])
    error_message = "token.secret_arn, token.zones and token.vault.auth.token_secret_arn must be complete secret ARNs with the six characters that Secrets Manager appends, like \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf\"."
  }
  validation {
    condition     = var.token.json_key == null || var.token.secret_arn != null
    error_message = "token.json_key names a key of an existing JSON secret: it needs token.secret_arn."
  }
  validation {
    condition     = var.token.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.token.kms_key_arn))
    error_message = "token.kms_key_arn must be the ARN of a KMS key (not of an alias), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
  validation {
    condition     = alltrue([for suffix in keys(var.token.zones) : contains(keys(var.zones), suffix)])
    error_message = "Each key of token.zones must be a key of zones: a token of its own for a zone that is configured."
  }
  validation {
    condition     = try(can(regex("^(https://|http://(127\\.0\\.0\\.1|localhost)(:|/|$))", var.token.vault.address)), false) || var.token.vault == null
    error_message = "token.vault.address must start with https:// (http:// only on the loopback), like \"https://vault.example.com:8200\"."
  }
  validation {
    condition     = var.token.vault == null || try(contains([1, 2], var.token.vault.kv_version), false)
    error_message = "token.vault.kv_version must be 1 or 2."
  }
  validation {
    condition     = var.token.vault == null || length(compact([try(var.token.vault.auth.aws_role, null), try(var.token.vault.auth.token_secret_arn, null)])) == 1
    error_message = "token.vault.auth takes exactly one of aws_role and token_secret_arn."
  }
}

variable "token_value" {
  description = <<-EOT
    The Cloudflare API token itself, for the secret that the module makes: it goes there as a write-only argument and stays out of the
    state and the plan. Set `token.version` with it. It is needed only when a version is written, then also at the apply of a saved plan
    (AWS answers "You must provide either SecretString or SecretBinary" when it is missing, and keeps the old value); leave it out
    otherwise. Give it by the environment (`TF_VAR_...`), not by a file.
  EOT
  type        = string
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
  description = <<-EOT
    Which accounts may claim names, and which: account => hostname patterns. `*` is any name in the zones, `*.` in front stands for one
    or more labels, anything else is that one name. Null lets this account claim any name in the zones; a map that is given is the whole
    truth, so name this account too. Tightening it never deletes a live name.

        accounts = { "111122223333" = ["*.eu.mesh.example.com"], "444455556666" = ["cluster9.mesh.example.com"] }
  EOT
  type        = map(list(string))
  default     = null

  validation {
    condition     = var.accounts == null || try(length(var.accounts) > 0, false)
    error_message = "accounts must name at least one account; leave it null to let this account claim any name in the zones."
  }
  validation {
    condition     = alltrue([for account in keys(coalesce(var.accounts, {})) : can(regex("^[0-9]{12}$", account))])
    error_message = "Each key of accounts must be an AWS account id of 12 digits in quotes, like \"111122223333\"."
  }
  validation {
    condition = alltrue([
      for pattern in flatten(values(coalesce(var.accounts, {}))) :
      can(regex("^(\\*|(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+)$", pattern))
    ])
    error_message = "Each pattern of accounts must be \"*\", a name, or a name with \"*.\" in front, in lower case, like \"*.eu.mesh.example.com\"."
  }
  validation {
    condition = alltrue([
      for pattern in flatten(values(coalesce(var.accounts, {}))) :
      pattern == "*" || anytrue([for suffix in keys(var.zones) : endswith(pattern, ".${suffix}")])
    ])
    error_message = "Each pattern of accounts must lie under a suffix of zones: with the zone \"mesh.example.com\", a pattern like \"*.mesh.example.com\" or \"*.eu.mesh.example.com\"."
  }
}

variable "spokes" {
  description = <<-EOT
    Other accounts and regions, each of which joins with one `modules/spoke` block that gets the output `hub`. Null for none. Here stands
    who may put events onto the hub's event bus: the accounts of an Organization, those of some of its units, or single accounts; with none
    of the three, exactly those that `accounts` names. Whatever comes, only accounts that `accounts` names are looked at: it must be set
    as soon as there is another account. `{}` alone is for other regions of this account.

        spokes = {}
        spokes = { organization_id = "o-a1b2c3d4e5" }
        spokes = { organization_paths = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"], account_ids = ["444455556666"] }
  EOT
  type = object({
    organization_id    = optional(string)
    organization_paths = optional(list(string), [])
    account_ids        = optional(list(string))
  })
  default = null

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
    condition     = length(setsubtract(coalesce(try(var.spokes.account_ids, null), []), keys(coalesce(var.accounts, {})))) == 0
    error_message = "Each of spokes.account_ids must also be a key of accounts, which says what names it may have: the function refuses whoever is not there."
  }
  validation {
    condition     = var.accounts != null || (try(var.spokes.organization_id, null) == null && length(try(var.spokes.organization_paths, [])) == 0)
    error_message = "spokes lets an Organization put events, but accounts does not say which of its accounts may have which names, so the function would refuse all but this one. Set accounts = { \"<account id>\" = [\"*.eu.mesh.example.com\"] }."
  }
}

variable "load_balancers" {
  description = <<-EOT
    Which load balancers may claim names: the tag that holds the hostname (several, separated by spaces), further tags that must be there
    with these values, and whether only internal ones count. Anyone who may create a Service can set the hostname tag; a required tag that
    the controller sets itself, and no annotation can override, tells the mesh's own Service from others.

        load_balancers = { required_tags = { "service.k8s.aws/stack" = "kube-system/clustermesh-apiserver" } }
  EOT
  type = object({
    hostname_tag  = optional(string, "hostname")
    required_tags = optional(map(string), {})
    internal_only = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key in concat([var.load_balancers.hostname_tag], keys(var.load_balancers.required_tags)) :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$", key)) && !startswith(lower(key), "aws:")
    ])
    error_message = "load_balancers.hostname_tag and the keys of load_balancers.required_tags must be tag keys: 1 to 128 letters, digits, spaces and _.:/=+-@, not starting with \"aws:\"."
  }
  validation {
    condition     = alltrue([for value in values(var.load_balancers.required_tags) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$", value))])
    error_message = "Each value of load_balancers.required_tags must be a tag value: at most 256 letters, digits, spaces and _.:/=+-@ (no comma, no wildcard)."
  }
}

variable "records" {
  description = <<-EOT
    What is written. `ttl` in seconds. `policy`: "sync" creates, changes and deletes, "upsert-only" never deletes, "create-only" only
    creates. `adopt` = "matching" takes over a CNAME made by hand that already says the right thing. `grace_seconds`: the time between the
    two looks, both of which must find a name no longer claimed, before its record is deleted. `mode` = "dry-run" decides and logs, and
    writes nothing.

        records = { adopt = "matching", mode = "dry-run" }
  EOT
  type = object({
    ttl           = optional(number, 60)
    policy        = optional(string, "sync")
    adopt         = optional(string, "none")
    grace_seconds = optional(number, 600)
    mode          = optional(string, "apply")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.records.ttl >= 60 && var.records.ttl <= 86400 && floor(var.records.ttl) == var.records.ttl
    error_message = "records.ttl must be a whole number of seconds from 60 to 86400."
  }
  validation {
    condition     = contains(["sync", "upsert-only", "create-only"], var.records.policy)
    error_message = "records.policy must be \"sync\", \"upsert-only\" or \"create-only\"."
  }
  validation {
    condition     = contains(["none", "matching"], var.records.adopt)
    error_message = "records.adopt must be \"none\" or \"matching\"."
  }
  validation {
    condition     = var.records.grace_seconds >= 0 && var.records.grace_seconds <= 900 && floor(var.records.grace_seconds) == var.records.grace_seconds
    error_message = "records.grace_seconds must be a whole number from 0 to 900: the second look waits in SQS, which delays by 900 s at most."
  }
  validation {
    condition     = contains(["apply", "dry-run"], var.records.mode)
    error_message = "records.mode must be \"apply\" or \"dry-run\"."
  }
}

variable "sweep" {
  description = <<-EOT
    The sweep looks at every tagged load balancer: it heals what an event missed, and shows that the path is alive. It starts every
    `minutes`, at any moment of a flexible window, by default two thirds of the period, so that many scopes spread out.

        sweep = { minutes = 5 }
  EOT
  type = object({
    minutes                 = optional(number, 15)
    flexible_window_minutes = optional(number)
  })
  default  = {}
  nullable = false

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
  description = <<-EOT
    The CloudTrail trail that carries load balancer calls to EventBridge. **Set it to null if the account already has a trail that logs write
    management events in this region, which most accounts have**: a second copy of management events costs money, and an account may have
    five trails a region. By default the module makes its own, write calls only, with a bucket whose objects expire after `retention_days`;
    `force_destroy` lets `terraform destroy` delete that bucket with what is in it.

        trail = null
  EOT
  type = object({
    retention_days = optional(number, 30)
    force_destroy  = optional(bool, false)
  })
  default = {}

  validation {
    condition     = var.trail == null || try(var.trail.retention_days >= 1 && floor(var.trail.retention_days) == var.trail.retention_days, false)
    error_message = "trail.retention_days must be a whole number from 1."
  }
}

variable "function" {
  description = <<-EOT
    The Lambda function. `reserved_concurrency` keeps it to one copy at a time; set it to false on accounts whose whole Lambda concurrency is
    10, which AWS lets nobody reserve from: two copies may then overlap, and names are still right after the next look. `vpc` puts it into
    subnets, which need a way out to AWS and Cloudflare: for a Vault that only answers there.

        function = { log_level = "DEBUG", vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] } }
  EOT
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
  default  = {}
  nullable = false

  validation {
    condition     = var.function.memory_mb >= 128 && var.function.memory_mb <= 10240 && floor(var.function.memory_mb) == var.function.memory_mb
    error_message = "function.memory_mb must be a whole number from 128 to 10240."
  }
  validation {
    condition     = var.function.timeout_seconds >= 30 && var.function.timeout_seconds <= 900 && floor(var.function.timeout_seconds) == var.function.timeout_seconds
    error_message = "function.timeout_seconds must be a whole number from 30 to 900."
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
    condition     = var.function.vpc == null || try(length(var.function.vpc.subnet_ids) > 0 && length(var.function.vpc.security_group_ids) > 0, false)
    error_message = "function.vpc needs at least one subnet id and one security group id."
  }
}

variable "alarm_actions" {
  description = "ARNs that the alarms notify when they start and when they end, for example [\"arn:aws:sns:eu-west-1:111122223333:on-call\"]. Empty: the alarms only show."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:[a-z-]+:[a-z0-9-]+:", arn))])
    error_message = "Each of alarm_actions must be an ARN, like \"arn:aws:sns:eu-west-1:111122223333:on-call\"."
  }
}

variable "owner" {
  description = <<-EOT
    The owner mark: the first word in the comment of every record that this installation writes, and so how it knows its own. Null makes one
    from this account, region and `name`. Set it only to carry records over when the hub moves: to the old installation's `owner` output.

        owner = "mesh-dns/1f0c9a3e"
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.owner == null || can(regex("^[!-~]{1,17}$", var.owner))
    error_message = "owner must have 1 to 17 printable ASCII characters without a space, like \"mesh-dns/1f0c9a3e\"."
  }
}

variable "kms_key_arn" {
  description = <<-EOT
    A customer key for the queues, the topic, the logs and the module's secret; null uses encryption by AWS-owned keys (none on the topic). The key's
    policy must let the services in: `SECURITY.md` has a block to copy. Not the AWS-managed `alias/aws/sns`: EventBridge cannot publish under it.

        kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a customer key (not of an alias), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
}

variable "iam" {
  description = "Where the roles live and what bounds them: a path, and the ARN of a permissions boundary. For example { path = \"/platform/\" }."
  type = object({
    path                 = optional(string, "/")
    permissions_boundary = optional(string)
  })
  default  = {}
  nullable = false

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
  description = "Tags of every resource that can have them, for example { team = \"platform\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}
