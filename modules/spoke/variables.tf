variable "hub" {
  # All optional, so that the object of another release meets the validations below instead of a type error.
  type = object({
    version              = optional(number)
    partition            = optional(string)
    account              = optional(string)
    region               = optional(string)
    installation         = optional(string)
    first_installation   = optional(string)
    owner                = optional(string)
    bus_arn              = optional(string)
    function_role_arn    = optional(string)
    role_path            = optional(string)
    reader_role          = optional(string)
    external_id          = optional(string)
    event_pattern        = optional(string)
    sweep_minutes        = optional(number)
    sweep_window_minutes = optional(number)
  })
  description = <<-EOT
    The root module's output `hub`, as it is. It carries names and ARNs, nothing secret.

        hub = module.mesh_dns.hub
  EOT
  validation {
    condition     = length(var.hub[*]) > 0
    error_message = "hub is null: the hub lets no spokes in. Set its input spokes, for example spokes = { organization_id = \"o-a1b2c3d4e5\" }."
  }
  validation {
    condition     = length(var.hub[*]) == 0 || try(var.hub.version, null) == 1
    error_message = "hub has version ${coalesce(try(var.hub.version, null), "(none)")}, and this release of the spoke module understands 1. Use the same release of the module for the hub and all its spokes, and apply the hub first."
  }
  validation {
    condition     = try(var.hub.version, null) != 1 || alltrue([for key, value in coalesce(var.hub, {}) : value != null])
    error_message = "hub lacks ${join(", ", [for key, value in coalesce(var.hub, {}) : key if value == null])}. Hand over the whole output hub of the root module: hub = module.mesh_dns.hub."
  }
}

variable "trail" {
  type = object({
    retention_days = optional(number, 30)
    force_destroy  = optional(bool, false)
  })
  description = <<-EOT
    A CloudTrail trail for an account that has none which logs write management events in this region. Null makes none, which is right for
    most accounts, and all under an Organization's trail: a second copy of management events costs money. The hub's `trail` has no default
    and this one has, because spokes are many, and mostly accounts of an Organization that has a trail. Its name and its bucket's keep the
    hub's first `name`. Terraform drops an attribute that is misspelt in here without a word: the plan shows the bucket and its expiry.

        trail = {}
        trail = { retention_days = 7, force_destroy = true }
  EOT
  default     = null

  validation {
    condition     = length(var.trail[*]) == 0 || try(var.trail.retention_days >= 1 && floor(var.trail.retention_days) == var.trail.retention_days, false)
    error_message = "trail.retention_days must be a whole number from 1."
  }
}

variable "kms_key_arn" {
  type        = string
  description = <<-EOT
    A customer key of this account and region for the queue of what was not delivered, and for the trail if one is made; null uses keys
    that AWS owns. Its policy must let `events.amazonaws.com` (and `cloudtrail.amazonaws.com`) use it.

        kms_key_arn = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  EOT
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a customer key (not of an alias), like \"arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
}

variable "iam" {
  type = object({
    path                 = optional(string) # only to say that it does not go here
    permissions_boundary = optional(string)
  })
  description = <<-EOT
    What bounds the three roles: a permissions boundary of this account. Where they live is decided by the hub's `iam.path`, by which the
    function finds them; a `path` here must be the same. Terraform drops an attribute that is misspelt in here without a word: the plan
    shows the boundary at each role.

        iam = { permissions_boundary = "arn:aws:iam::444455556666:policy/boundary" }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.iam.path == null || try(var.iam.path == var.hub.role_path, false)
    error_message = "iam.path of a spoke is that of its hub, which is \"${coalesce(try(var.hub.role_path, null), "unknown")}\": the function finds the roles by it. Leave path out, and set it at the hub."
  }
  validation {
    condition     = var.iam.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary))
    error_message = "iam.permissions_boundary must be the ARN of an IAM policy, like \"arn:aws:iam::444455556666:policy/boundary\"."
  }
}

variable "tags" {
  type        = map(string)
  description = <<-EOT
    Tags of every resource that can have them. Each also gets the hub's `mesh-dns`.

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
