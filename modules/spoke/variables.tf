variable "hub" {
  description = "The root module's output `hub`, as it is: hub = module.mesh_dns.hub. It carries names and ARNs, nothing secret."

  # All optional, so that the object of another release meets the validations below instead of a type error.
  type = object({
    version              = optional(number)
    partition            = optional(string)
    account              = optional(string)
    region               = optional(string)
    installation         = optional(string)
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

  validation {
    condition     = var.hub != null
    error_message = "hub is null: the hub lets no spokes in. Set its input spokes, for example spokes = { organization_id = \"o-a1b2c3d4e5\" }."
  }
  validation {
    condition     = var.hub == null || try(var.hub.version, null) == 1
    error_message = "hub has version ${coalesce(try(var.hub.version, null), "(none)")}, and this release of the spoke module understands 1. Use the same release of the module for the hub and all its spokes, and apply the hub first."
  }
  validation {
    condition     = try(var.hub.version, null) != 1 || alltrue([for key, value in coalesce(var.hub, {}) : value != null])
    error_message = "hub lacks ${join(", ", [for key, value in coalesce(var.hub, {}) : key if value == null])}. Hand over the whole output hub of the root module: hub = module.mesh_dns.hub."
  }
}

variable "trail" {
  description = <<-EOT
    A CloudTrail trail for an account that has none which logs write management events in this region. Null makes none, which is right for
    most accounts, and all under an Organization's trail: a second copy of management events costs money.

        trail = {}
        trail = { retention_days = 7, force_destroy = true }
  EOT
  type = object({
    retention_days = optional(number, 30)
    force_destroy  = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.trail == null || try(var.trail.retention_days >= 1 && floor(var.trail.retention_days) == var.trail.retention_days, false)
    error_message = "trail.retention_days must be a whole number from 1."
  }
}

variable "permissions_boundary" {
  description = "A permissions boundary of this account for the three roles, for example \"arn:aws:iam::444455556666:policy/boundary\". Their path is the hub's `iam.path`."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of an IAM policy, like \"arn:aws:iam::444455556666:policy/boundary\"."
  }
}

variable "tags" {
  description = "Tags of every resource that can have them, for example { team = \"platform\" }."
  type        = map(string)
  default     = {}
  nullable    = false
}
