variable "cloudflare_api_token" {
  description = "Token with Zone / DNS / Edit on the zone: export TF_VAR_cloudflare_api_token=..."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "zones" {
  description = "DNS suffix => Cloudflare zone id, like { \"mesh.example.com\" = \"023e105f4ecef8ad9ca31a8372d0c353\" }."
  type        = map(string)
}

module "mesh_dns" {
  source = "../../"
  # source  = "<namespace>/cilium-mesh-dns/aws" # from the registry
  # version = "~> 0.1"

  zones       = var.zones
  token       = { version = 1 } # raise by one to write a new token
  token_value = var.cloudflare_api_token
}
