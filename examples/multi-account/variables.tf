variable "zones" {
  type        = map(string)
  description = "DNS suffix => Cloudflare zone id: export TF_VAR_zones='{\"mesh.example.com\"=\"023e105f4ecef8ad9ca31a8372d0c353\"}'"
}

variable "cloudflare_api_token" {
  type        = string
  description = "Token with Zone / DNS / Edit on the zone; needed once: export TF_VAR_cloudflare_api_token=..."
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "organization_id" {
  type        = string
  description = "The AWS Organization of all these accounts, like \"o-a1b2c3d4e5\"."
}

variable "accounts" {
  type = object({
    blue  = string
    green = string
  })
  description = "The accounts that join, like { blue = \"444455556666\", green = \"777788889999\" }. Names of blue's clusters end in `.blue.<suffix>`."
}
