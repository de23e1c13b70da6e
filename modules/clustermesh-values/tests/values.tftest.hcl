# What each cluster's values say. No provider is involved, so a plan shows everything.

variables {
  domain = "mesh.example.com"
  clusters = {
    cluster1 = { id = 1 }
    cluster2 = { id = 2 }
    cluster3 = { id = 3, hostname = "west.mesh.example.com", port = 2380 }
  }
}

run "every_cluster_lists_all_the_others_and_not_itself" {
  command = plan

  assert {
    condition = output.values["cluster1"].clustermesh.config.clusters == [
      { name = "cluster2", address = "cluster2.mesh.example.com", port = 2379 },
      { name = "cluster3", address = "west.mesh.example.com", port = 2380 },
    ]
    error_message = "cluster1 must list cluster2 and cluster3, with their own hostname and port, and not itself."
  }

  assert {
    condition     = [for peer in output.values["cluster3"].clustermesh.config.clusters : peer.name] == ["cluster1", "cluster2"]
    error_message = "cluster3 must list cluster1 and cluster2."
  }
}

run "a_cluster_says_who_it_is_and_that_it_is_in_a_mesh" {
  command = plan

  assert {
    condition     = output.values["cluster2"].cluster == { name = "cluster2", id = 2 }
    error_message = "cluster.name and cluster.id must be those of the map."
  }

  assert {
    condition = (
      output.values["cluster2"].clustermesh.useAPIServer &&
      output.values["cluster2"].clustermesh.config.enabled &&
      output.values["cluster2"].clustermesh.config.domain == "mesh.example.com" &&
      output.values["cluster2"].clustermesh.maxConnectedClusters == 255 &&
      output.values["cluster2"].clustermesh.apiserver.service.type == "LoadBalancer"
    )
    error_message = "The API server, its LoadBalancer Service and the mesh configuration must be on."
  }
}

run "the_certificate_covers_the_hostname_in_charts_before_and_since_1_20" {
  command = plan

  assert {
    condition = alltrue([
      for name, values in output.values :
      values.clustermesh.apiserver.tls.server.extraDnsNames == [output.addresses[name]] &&
      values.clustermesh.apiserver.tls.auto.server.extraDnsNames == [output.addresses[name]]
    ])
    error_message = "Both places must name the cluster's own hostname."
  }
}

run "addresses_are_a_plain_map" {
  command = plan

  assert {
    condition = output.addresses == {
      cluster1 = "cluster1.mesh.example.com"
      cluster2 = "cluster2.mesh.example.com"
      cluster3 = "west.mesh.example.com"
    }
    error_message = "addresses must map each cluster to its hostname."
  }
}

run "the_yaml_says_the_same_as_the_object" {
  command = plan

  assert {
    condition     = alltrue([for name, document in output.yaml : jsonencode(yamldecode(document)) == jsonencode(output.values[name])])
    error_message = "Decoding the YAML must give the object."
  }

  assert {
    condition     = keys(output.yaml) == ["cluster1", "cluster2", "cluster3"]
    error_message = "There must be one document per cluster."
  }
}

run "names_that_yaml_takes_for_something_else_stay_names" {
  command = plan

  variables {
    clusters = { "true" = { id = 1 }, "1e3" = { id = 2 }, "null" = { id = 3 }, "0x1" = { id = 4 } }
  }

  assert {
    condition     = alltrue([for name, text in output.yaml : yamldecode(text).cluster.name == name])
    error_message = "true, 1e3, null and 0x1 are names of clusters here."
  }

  assert {
    condition     = toset([for each in yamldecode(output.yaml["true"]).clustermesh.config.clusters : each.name]) == toset(["1e3", "null", "0x1"])
    error_message = "The peers' names are names, too."
  }
}

run "a_disabled_cluster_leaves_on_both_sides_and_keeps_its_name" {
  command = plan

  variables {
    clusters = {
      cluster1 = { id = 1 }
      cluster2 = { id = 2, enabled = false }
      cluster3 = { id = 3 }
    }
  }

  assert {
    condition = (
      [for peer in output.values["cluster1"].clustermesh.config.clusters : peer.name] == ["cluster3"] &&
      length(output.values["cluster2"].clustermesh.config.clusters) == 0
    )
    error_message = "Nobody may list cluster2, and cluster2 may list nobody."
  }

  assert {
    condition     = output.addresses["cluster2"] == "cluster2.mesh.example.com" && output.values["cluster2"].cluster.id == 2
    error_message = "cluster2 must keep its address and values."
  }
}

run "a_mesh_of_511_is_asked_for_and_gives_its_ids" {
  command = plan

  variables {
    max_connected_clusters = 511
    clusters               = { first = { id = 1 }, last = { id = 511 } }
  }

  assert {
    condition     = output.values["last"].clustermesh.maxConnectedClusters == 511 && output.values["last"].cluster.id == 511
    error_message = "maxConnectedClusters and the id must be passed on."
  }
}

run "eni_takes_the_ids_that_the_chart_takes" {
  command = plan

  variables {
    datapath               = "eni"
    max_connected_clusters = 511
    clusters               = { a = { id = 127 }, b = { id = 256 }, c = { id = 383 } }
  }

  assert {
    condition     = length(output.values) == 3
    error_message = "127, 256 and 383 are fine with ENI."
  }
}

run "the_longest_legal_names_pass" {
  command = plan

  variables {
    domain   = "${join(".", [for i in range(3) : join("", [for j in range(63) : "a"])])}.${join("", [for j in range(20) : "b"])}.com"
    clusters = { "${join("", [for j in range(32) : "c"])}" = { id = 1 } }
  }

  assert {
    condition     = length(output.addresses["cccccccccccccccccccccccccccccccc"]) == 249
    error_message = "A cluster name of 32 and a domain of 216 characters must give a hostname of 249."
  }
}

run "aws_load_balancer_controller_gets_its_annotations" {
  command = plan

  variables {
    controller = "aws-load-balancer-controller"
    extra_tags = { query = "a=b", team = "platform" }
  }

  assert {
    condition = output.values["cluster1"].clustermesh.apiserver.service == {
      type = "LoadBalancer"
      annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type"                     = "external"
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"          = "instance"
        "service.beta.kubernetes.io/aws-load-balancer-scheme"                   = "internal"
        "service.beta.kubernetes.io/aws-load-balancer-internal"                 = "true"
        "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags" = "hostname=cluster1.mesh.example.com,query=a=b,team=platform"
      }
    }
    error_message = "The Service must be this controller's, internal, and tagged; nothing else."
  }
}

run "cloud_provider_aws_gets_its_annotations_and_no_affinity" {
  command = plan

  variables {
    controller = "cloud-provider-aws"
  }

  assert {
    condition = output.values["cluster1"].clustermesh.apiserver.service == {
      type                  = "LoadBalancer"
      enableSessionAffinity = "Never"
      annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type"                     = "nlb"
        "service.beta.kubernetes.io/aws-load-balancer-scheme"                   = "internal"
        "service.beta.kubernetes.io/aws-load-balancer-internal"                 = "true"
        "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags" = "hostname=cluster1.mesh.example.com"
      }
    }
    error_message = "The Service must ask for an internal NLB without session affinity."
  }
}

run "eks_auto_mode_gets_its_class_and_only_annotations_that_it_knows" {
  command = plan

  variables {
    controller = "eks-auto-mode"
  }

  assert {
    condition = output.values["cluster1"].clustermesh.apiserver.service == {
      type              = "LoadBalancer"
      loadBalancerClass = "eks.amazonaws.com/nlb"
      annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"          = "instance"
        "service.beta.kubernetes.io/aws-load-balancer-scheme"                   = "internal"
        "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags" = "hostname=cluster1.mesh.example.com"
      }
    }
    error_message = "The Service must carry Auto Mode's class."
  }
}

run "any_serves_both_controllers" {
  command = plan

  assert {
    condition = output.values["cluster1"].clustermesh.apiserver.service == {
      type                  = "LoadBalancer"
      enableSessionAffinity = "Never"
      annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type"                     = "nlb"
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"          = "instance"
        "service.beta.kubernetes.io/aws-load-balancer-scheme"                   = "internal"
        "service.beta.kubernetes.io/aws-load-balancer-internal"                 = "true"
        "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags" = "hostname=cluster1.mesh.example.com"
      }
    }
    error_message = "The Service must be acceptable to both controllers."
  }
}

run "the_hostname_tag_and_more_tags_can_be_chosen" {
  command = plan

  variables {
    hostname_tag = "mesh:hostname"
    extra_tags   = { "cost center" = "a b/c+d@e", empty = "" }
  }

  assert {
    condition = output.values["cluster2"].clustermesh.apiserver.service.annotations[
      "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags"
    ] == "mesh:hostname=cluster2.mesh.example.com,cost center=a b/c+d@e,empty="
    error_message = "The tags must be written as both controllers parse them."
  }
}
