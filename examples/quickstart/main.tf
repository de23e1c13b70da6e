terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

# The account is the one that your credentials lead to; the region is that of the clusters' load balancers.
provider "aws" {
  region = "eu-west-1"
}

module "mesh_dns" {
  source = "../../"
  # source  = "your_namespace/cilium-mesh-dns/aws" # from the registry
  # version = "~> 0.1.0"

  zones       = { for suffix, id in var.zones : suffix => { cloudflare = { zone_id = id } } }
  token       = { version = 1 } # raise by one to write a new token
  token_value = var.cloudflare_api_token

  # Load balancer calls reach EventBridge only where a trail logs them. This makes one; with a trail of your own, say null.
  trail = {}
}

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

output "next_steps" {
  description = "Commands to paste; terraform output -raw next_steps prints them again."
  value       = <<-EOT
    # What the function does, as it happens:
    ${module.mesh_dns.commands.follow_log}

    # Look at every tagged load balancer now, instead of with the next sweep:
    ${module.mesh_dns.commands.sweep}

    # Names that are not as their load balancers want them, and why:
    ${module.mesh_dns.commands.show_not_right}
  EOT
}

output "settings" {
  description = "What the function is told: each plan shows what a change reaches."
  value       = module.mesh_dns.settings
}
