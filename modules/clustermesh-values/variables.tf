variable "domain" {
  type        = string
  description = <<-EOT
    The DNS suffix of the mesh. A cluster without its own `hostname` is reached at `<cluster>.<domain>`.
    It must lie in a zone of the module that writes the records.

        domain = "mesh.example.com"
  EOT
  nullable    = false

  validation {
    condition     = length(var.domain) <= 253 && can(regex(local.hostname_pattern, var.domain))
    error_message = "domain = \"${var.domain}\" is not a DNS name. Accepted: two or more labels of a-z, 0-9 and '-' joined by dots, lower case, no trailing dot, the last label starting with a letter, at most 253 characters; for example \"mesh.example.com\"."
  }
}

variable "clusters" {
  type = map(object({
    id       = number
    hostname = optional(string)
    port     = optional(number, 2379)
    enabled  = optional(bool, true)
  }))
  description = <<-EOT
    Every cluster of the mesh: `cluster.name` => what the others need to know.

    - `id`: `cluster.id`, unique, never reused while identities of the old cluster may still be around.
    - `hostname`: the name of its clustermesh-apiserver, if not `<cluster>.<domain>`.
    - `port`: 2379. The chart's Service listens on 2379 only; another port needs something of yours in front of it.
    - `enabled`: `false` takes a cluster out of the mesh on both sides, keeps its id reserved and its own name in DNS.

    Terraform drops an attribute that is misspelt in here without a word: the output `values` shows each cluster.

        clusters = { cluster1 = { id = 1 }, cluster2 = { id = 2 } }
  EOT
  nullable    = false

  validation {
    condition = alltrue([
      for name in keys(var.clusters) : can(regex("^([a-z0-9][-a-z0-9]*)?[a-z0-9]$", name)) && length(name) <= 32
    ])
    error_message = "clusters: ${join(", ", [
      for name in keys(var.clusters) : "\"${name}\""
      if !(can(regex("^([a-z0-9][-a-z0-9]*)?[a-z0-9]$", name)) && length(name) <= 32)
    ])} cannot be a Cilium cluster name. Accepted: 1 to 32 characters of a-z, 0-9 and '-', starting and ending with a letter or digit; for example \"cluster1\"."
  }

  validation {
    condition     = !contains(keys(var.clusters), "default")
    error_message = "clusters: \"default\" cannot be a Cilium cluster name, since Cilium keeps it for clusters outside a mesh. Accepted: any other name; for example \"cluster1\"."
  }

  validation {
    condition = alltrue([
      for cluster in values(var.clusters) :
      try(cluster.id == floor(cluster.id) && cluster.id >= 1 && cluster.id <= var.max_connected_clusters, false)
    ])
    error_message = "clusters: ${join(", ", [
      for name, cluster in var.clusters : "\"${name}\" has id ${coalesce(cluster.id, "null")}"
      if !try(cluster.id == floor(cluster.id) && cluster.id >= 1 && cluster.id <= var.max_connected_clusters, false)
    ])}. Accepted: whole numbers from 1 to ${var.max_connected_clusters} (max_connected_clusters)."
  }

  validation {
    condition = length(distinct([for cluster in values(var.clusters) : cluster.id])) == length(var.clusters)
    error_message = "clusters: ${join("; ", [
      for id, names in { for name, cluster in var.clusters : coalesce(cluster.id, "null") => name... } :
      "id ${id} is given to ${join(" and ", formatlist("%q", names))}" if length(names) > 1
    ])}. Accepted: an id of its own for every cluster, disabled ones included."
  }

  # Cilium loses the id's highest bit in packet marks there, and drops traffic that a policy allows:
  # https://github.com/cilium/cilium/issues/21330. The chart refuses the same ids.
  validation {
    condition = var.datapath == "overlay" || alltrue([
      for cluster in values(var.clusters) :
      try(!(cluster.id >= 128 && cluster.id <= 255) && !(cluster.id >= 384 && cluster.id <= 511), true)
    ])
    error_message = "clusters: ${join(", ", [
      for name, cluster in var.clusters : "\"${name}\" has id ${cluster.id}"
      if try((cluster.id >= 128 && cluster.id <= 255) || (cluster.id >= 384 && cluster.id <= 511), false)
    ])}, which Cilium refuses with datapath = \"${var.datapath}\". Accepted: 1 to 127, and 256 to 383 when max_connected_clusters = 511."
  }

  validation {
    condition = alltrue([
      for cluster in values(var.clusters) : cluster.hostname == null ? true :
      can(regex(local.hostname_pattern, cluster.hostname)) && cluster.hostname != var.domain
    ])
    error_message = "clusters: ${join(", ", [
      for name, cluster in var.clusters : "\"${name}\" has hostname \"${coalesce(cluster.hostname, " ")}\""
      if cluster.hostname == null ? false :
      !can(regex(local.hostname_pattern, cluster.hostname)) || cluster.hostname == var.domain
    ])}. Accepted: one full DNS name, lower case, no trailing dot, no '*', no address, and not the domain itself; for example \"cluster1.${var.domain}\"."
  }

  validation {
    condition = alltrue([
      for name, cluster in var.clusters : length(coalesce(cluster.hostname, "${name}.${var.domain}")) <= 253
    ])
    error_message = "clusters: ${join(", ", [
      for name, cluster in var.clusters :
      "the hostname of \"${name}\" has ${length(coalesce(cluster.hostname, "${name}.${var.domain}"))} characters"
      if length(coalesce(cluster.hostname, "${name}.${var.domain}")) > 253
    ])}. Accepted: at most 253. Shorten domain, or give a shorter hostname."
  }

  validation {
    condition = length(var.clusters) == length(distinct([
      for name, cluster in var.clusters : coalesce(cluster.hostname, "${name}.${var.domain}")
    ]))
    error_message = "clusters: ${join("; ", [
      for hostname, names in {
        for name, cluster in var.clusters : coalesce(cluster.hostname, "${name}.${var.domain}") => name...
      } : "hostname \"${hostname}\" is given to ${join(" and ", [for name in names : "\"${name}\""])}" if length(names) > 1
    ])}. Accepted: a hostname of its own for every cluster, since a name leads to one load balancer."
  }

  validation {
    condition = alltrue([
      for cluster in values(var.clusters) :
      cluster.port == floor(cluster.port) && cluster.port >= 1 && cluster.port <= 65535
    ])
    error_message = "clusters: ${join(", ", [
      for name, cluster in var.clusters : "\"${name}\" has port ${cluster.port}"
      if !(cluster.port == floor(cluster.port) && cluster.port >= 1 && cluster.port <= 65535)
    ])}. Accepted: whole numbers from 1 to 65535; leave it out for 2379."
  }
}

variable "controller" {
  type        = string
  description = <<-EOT
    What makes the load balancer of a Service in these clusters: `"aws-load-balancer-controller"`, `"cloud-provider-aws"`,
    `"eks-auto-mode"`, or `"any"`, whose annotations the first two both accept.

    - `"aws-load-balancer-controller"`: the add-on (2.2 or later), with or without its Service webhook;
    - `"cloud-provider-aws"`: the AWS cloud controller manager, where the add-on is not installed;
    - `"eks-auto-mode"`: the load balancing that EKS Auto Mode brings along;
    - `"any"`: annotations that the first two both accept. The add-on takes the Service if its webhook runs (its default since 2.5),
      otherwise the cloud controller manager does.

        controller = "aws-load-balancer-controller"
  EOT
  default     = "any"
  nullable    = false

  validation {
    condition     = contains(["aws-load-balancer-controller", "cloud-provider-aws", "eks-auto-mode", "any"], var.controller)
    error_message = "controller = \"${var.controller}\" is not known. Accepted: \"aws-load-balancer-controller\", \"cloud-provider-aws\", \"eks-auto-mode\" or \"any\"."
  }
}

variable "max_connected_clusters" {
  type        = number
  description = <<-EOT
    `clustermesh.maxConnectedClusters`: 255 or 511. The same in the whole mesh; it cannot be changed on running clusters.

        max_connected_clusters = 511
  EOT
  default     = 255
  nullable    = false

  validation {
    condition     = contains([255, 511], var.max_connected_clusters)
    error_message = "max_connected_clusters = ${var.max_connected_clusters} is not supported by Cilium. Accepted: 255 or 511."
  }
}

variable "datapath" {
  type        = string
  description = <<-EOT
    How pods get their addresses, which decides what ids Cilium accepts. It only checks; it sets no value.
    `"eni"` (`eni.enabled: true`) and `"aws-cni"` (`cni.chainingMode: aws-cni`) leave half of the ids; `"overlay"` stands for everything else.

        datapath = "eni"
  EOT
  default     = "overlay"
  nullable    = false

  validation {
    condition     = contains(["overlay", "eni", "aws-cni"], var.datapath)
    error_message = "datapath = \"${var.datapath}\" is not known. Accepted: \"overlay\", \"eni\" or \"aws-cni\"."
  }
}

variable "hostname_tag" {
  type        = string
  description = <<-EOT
    The load balancer tag that carries the hostname: the same as `load_balancers.hostname_tag` of the module that writes the records.

        hostname_tag = "dns-name"
  EOT
  default     = "hostname"
  nullable    = false

  validation {
    condition     = can(regex(local.tag_key_pattern, var.hostname_tag)) && !can(regex(local.reserved_tag_pattern, var.hostname_tag))
    error_message = "hostname_tag = \"${var.hostname_tag}\" cannot be a tag key in this annotation. Accepted: 1 to 128 letters, digits, spaces and _ . : / + - @, not starting with \"aws:\" or a controller's own prefix; for example \"hostname\"."
  }
}

variable "extra_tags" {
  type        = map(string)
  description = <<-EOT
    More tags for every load balancer, for example those that `required_tags` of the module that writes the records asks for.

        extra_tags = { team = "platform" }
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.extra_tags) : can(regex(local.tag_key_pattern, key))])
    error_message = "extra_tags: ${join(", ", [for key in keys(var.extra_tags) : "\"${key}\"" if !can(regex(local.tag_key_pattern, key))])} cannot be a tag key in this annotation. Accepted: 1 to 128 letters, digits, spaces and _ . : / + - @, no space at either end; the controllers split at ',' and '=' and know no escape for them."
  }

  validation {
    condition     = alltrue([for key in keys(var.extra_tags) : !can(regex(local.reserved_tag_pattern, key)) && key != var.hostname_tag])
    error_message = "extra_tags: ${join(", ", [for key in keys(var.extra_tags) : "\"${key}\"" if can(regex(local.reserved_tag_pattern, key)) || key == var.hostname_tag])} is set by AWS, by the controller or by this module. Accepted: keys other than \"${var.hostname_tag}\" that do not start with \"aws:\", \"eks:\", \"kubernetes.io/\", \"elbv2.k8s.aws/\" or \"service.k8s.aws/\"."
  }

  validation {
    condition     = alltrue([for value in values(var.extra_tags) : can(regex(local.tag_value_pattern, value)) && trimspace(value) == value])
    error_message = "extra_tags: the value of ${join(", ", [for key, value in var.extra_tags : "\"${key}\"" if !can(regex(local.tag_value_pattern, value)) || trimspace(value) != value])} cannot be a load balancer tag. Accepted: at most 256 letters, digits, spaces and _ . : / = + - @, no space at either end, no ','."
  }

  # cloud-provider-aws splits at every '=' and keeps the second part only; the others split at the first.
  validation {
    condition = contains(["aws-load-balancer-controller", "eks-auto-mode"], var.controller) || !anytrue([
      for value in values(var.extra_tags) : strcontains(value, "=")
    ])
    error_message = "extra_tags: the value of ${join(", ", [for key, value in var.extra_tags : "\"${key}\"" if strcontains(value, "=")])} contains '=', and cloud-provider-aws would drop what follows it. Accepted with controller = \"${var.controller}\": values without '='."
  }

  validation {
    condition     = length(var.extra_tags) <= 40
    error_message = "extra_tags has ${length(var.extra_tags)} tags. Accepted: at most 40; AWS allows 50 on a load balancer, and the controllers add their own."
  }
}
