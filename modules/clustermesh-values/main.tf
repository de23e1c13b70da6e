locals {
  # A DNS name of two labels or more. The last one starts with a letter, so that no IPv4 address passes.
  hostname_pattern = "^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"

  # What the Elastic Load Balancing API takes, less what the annotation cannot carry: both controllers split
  # it at ',', split each part at '=', and trim the part. Neither has an escape.
  tag_key_pattern      = "^[\\p{L}\\p{N}_.:/+\\-@]([\\p{L}\\p{Z}\\p{N}_.:/+\\-@]{0,126}[\\p{L}\\p{N}_.:/+\\-@])?$"
  tag_value_pattern    = "^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}$"
  reserved_tag_pattern = "^(?i:aws:)|^(eks:|kubernetes\\.io/|elbv2\\.k8s\\.aws/|service\\.k8s\\.aws/)"

  hostnames = { for name, cluster in var.clusters : name => coalesce(cluster.hostname, "${name}.${var.domain}") }

  prefix = "service.beta.kubernetes.io/aws-load-balancer"

  # aws-load-balancer-controller reads "scheme", cloud-provider-aws "internal"; each ignores the other's, or
  # still accepts it. EKS Auto Mode knows "scheme" only.
  annotations = {
    aws-load-balancer-controller = {
      "${local.prefix}-type"            = "external"
      "${local.prefix}-nlb-target-type" = "instance" # without it, or a class, the controller leaves the Service alone
      "${local.prefix}-scheme"          = "internal"
      "${local.prefix}-internal"        = "true"
    }
    cloud-provider-aws = {
      "${local.prefix}-type"     = "nlb"
      "${local.prefix}-scheme"   = "internal"
      "${local.prefix}-internal" = "true"
    }
    eks-auto-mode = {
      "${local.prefix}-nlb-target-type" = "instance"
      "${local.prefix}-scheme"          = "internal"
    }
    # "nlb" hands the Service to cloud-provider-aws, unless the other controller's webhook has already given
    # it a load balancer class, which counts for more.
    any = {
      "${local.prefix}-type"            = "nlb"
      "${local.prefix}-nlb-target-type" = "instance"
      "${local.prefix}-scheme"          = "internal"
      "${local.prefix}-internal"        = "true"
    }
  }

  # Beside type and annotations. cloud-provider-aws refuses a Service with ClientIP affinity, which the chart
  # asks for as soon as there is more than one replica. EKS Auto Mode is chosen by the class.
  service = {
    aws-load-balancer-controller = {}
    cloud-provider-aws           = { enableSessionAffinity = "Never" }
    eks-auto-mode                = { loadBalancerClass = "eks.amazonaws.com/nlb" }
    any                          = { enableSessionAffinity = "Never" }
  }

  values = {
    for name, cluster in var.clusters : name => {
      cluster = {
        name = name
        id   = cluster.id
      }
      clustermesh = {
        useAPIServer         = true
        maxConnectedClusters = var.max_connected_clusters
        config = {
          enabled = true
          domain  = var.domain
          # A list: charts before 1.19 know no map. The other clusters only: Cilium would ignore an entry for
          # the cluster itself, but the chart would still make an etcd user for it.
          clusters = [
            for peer_name, peer in var.clusters : {
              name    = peer_name
              address = local.hostnames[peer_name]
              port    = peer.port
            } if cluster.enabled && peer.enabled && peer_name != name
          ]
        }
        apiserver = {
          service = merge(local.service[var.controller], {
            type = "LoadBalancer"
            annotations = merge(local.annotations[var.controller], {
              "${local.prefix}-additional-resource-tags" = join(",", concat(
                ["${var.hostname_tag}=${local.hostnames[name]}"],
                [for key, value in var.extra_tags : "${key}=${value}"],
              ))
            })
          })
          # The chart's certificate covers *.mesh.cilium.io and the Service only. 1.20 moved the list; what a
          # version does not know it ignores.
          tls = {
            auto   = { server = { extraDnsNames = [local.hostnames[name]] } }
            server = { extraDnsNames = [local.hostnames[name]] }
          }
        }
      }
    }
  }
}
