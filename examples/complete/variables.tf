variable "cloudflare_api_token" {
  type        = string
  description = "Token with Zone / DNS / Edit on the zone: export TF_VAR_cloudflare_api_token=..."
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "cloudflare_zone_id" {
  type        = string
  description = "The zone that holds the mesh's domain: 32 hexadecimal digits, on the zone's overview page."
}

variable "alarm_actions" {
  type        = list(string)
  description = "ARNs that the alarms notify, like [\"arn:aws:sns:eu-west-1:111122223333:on-call\"]."
  default     = []
}
