variable "zones" {
  description = "DNS suffix => Cloudflare zone id: export TF_VAR_zones='{\"mesh.example.com\"=\"023e105f4ecef8ad9ca31a8372d0c353\"}'"
  type        = map(string)
}

variable "cloudflare_api_token" {
  description = "Token with Zone / DNS / Edit on the zone; needed once: export TF_VAR_cloudflare_api_token=..."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "organization_id" {
  description = "The AWS Organization of all these accounts, like \"o-a1b2c3d4e5\"."
  type        = string
}

variable "accounts" {
  description = "The accounts that join, like { blue = \"444455556666\", green = \"777788889999\" }. Names of blue's clusters end in `.blue.<suffix>`."
  type = object({
    blue  = string
    green = string
  })
}
