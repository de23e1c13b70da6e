variable "name" {
  type        = string
  description = "The trail's name, for example \"mesh-dns\"."
  nullable    = false
}

variable "bucket" {
  type        = string
  description = "The bucket's name, for example \"mesh-dns-trail-111122223333-eu-west-1\"."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must have 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "retention_days" {
  type        = number
  description = "Days after which the bucket's objects expire."
  default     = 30
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number from 1."
  }
}

variable "force_destroy" {
  type        = bool
  description = "Whether `terraform destroy` deletes the bucket with what is in it."
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "A customer key for the bucket and the log files in it, for example \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"; null uses the bucket's own. CloudTrail must be let in by its policy."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a customer key (not of an alias), like \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of the trail and its bucket."
  default     = {}
  nullable    = false
}
