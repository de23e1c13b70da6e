variable "name" {
  type        = string
  description = <<-EOT
    The trail's name.

        name = "mesh-dns"
  EOT
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9._-]{1,126}[a-zA-Z0-9]$", var.name))
    error_message = "name must have 3 to 128 letters, digits and ._-, and start and end with a letter or digit, like \"mesh-dns\"."
  }
}

variable "bucket" {
  type        = string
  description = <<-EOT
    The bucket's name.

        bucket = "mesh-dns-trail-111122223333-eu-west-1"
  EOT
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must have 3 to 63 lower-case letters, digits and inner hyphens, like \"mesh-dns-trail-111122223333-eu-west-1\"."
  }
}

variable "retention_days" {
  type        = number
  description = <<-EOT
    Days after which the bucket's objects expire.

        retention_days = 7
  EOT
  default     = 30
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number from 1."
  }
}

variable "force_destroy" {
  type        = bool
  description = <<-EOT
    Whether `terraform destroy` deletes the bucket with what is in it.

        force_destroy = true
  EOT
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = <<-EOT
    A customer key for the bucket and the log files in it; null uses the bucket's own. CloudTrail must be let in by its policy.

        kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  EOT
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a customer key (not of an alias), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
}

variable "tags" {
  type        = map(string)
  description = <<-EOT
    Tags of the trail and its bucket.

        tags = { team = "platform" }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}$", key)) && !startswith(lower(key), "aws:") && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$", value))])
    error_message = "tags must have keys of 1 to 128 and values of at most 256 letters, digits, spaces and _.:/=+-@, and no key that starts with \"aws:\"."
  }
}
