# One list of clusters; from it the records in DNS, and the Helm values that use them.

locals {
  # Both modules take it from here, so what the one writes is what the other hands out.
  domain = "mesh.example.com"

  clusters = {
    cluster1 = { id = 1 }
    cluster2 = { id = 2 }
    cluster3 = { id = 3, hostname = "west.${local.domain}" }
  }
}

# Once, in the account and region of the clusters: load balancer tags become names.
module "mesh_dns" {
  source = "../../"
  # source  = "your_namespace/cilium-mesh-dns/aws" # from the registry
  # version = "~> 0.1.0"

  zones       = { (local.domain) = { cloudflare = { zone_id = var.cloudflare_zone_id } } }
  token       = { version = 1 } # raise by one to write a new token
  token_value = var.cloudflare_api_token

  # Only the mesh's own Service may claim a name: the controller sets this tag, and no annotation can.
  required_tags = { "service.k8s.aws/stack" = "kube-system/clustermesh-apiserver" }

  trail         = null # the account has a trail already; {} makes one
  alarm_actions = var.alarm_actions
  tags          = { team = "platform" }
}

# Values for every cluster: who it is, whom it connects to, and the tag on its load balancer.
module "clustermesh_values" {
  source = "../../modules/clustermesh-values"
  # source  = "your_namespace/cilium-mesh-dns/aws//modules/clustermesh-values"
  # version = "~> 0.1.0"

  domain     = local.domain
  clusters   = local.clusters
  controller = "aws-load-balancer-controller"
  extra_tags = { team = "platform" }
}

# One release per cluster, in the configuration that has the cluster's `helm` provider:
#
#   resource "helm_release" "cilium" {
#     name       = "cilium"
#     namespace  = "kube-system"
#     repository = "https://helm.cilium.io"
#     chart      = "cilium"
#     version    = "1.20.0"
#
#     values = [
#       file("cilium.yaml"), # your own values: datapath, IPAM, Hubble, ...
#       module.clustermesh_values.yaml["cluster1"],
#     ]
#
#     # The CA that all clusters share. Write-only, so that the key is not in the state; raise the revision to write it again.
#     set_wo = [
#       { name = "tls.ca.cert", value = var.cilium_ca_cert },
#       { name = "tls.ca.key", value = var.cilium_ca_key },
#     ]
#     set_wo_revision = 1
#   }
