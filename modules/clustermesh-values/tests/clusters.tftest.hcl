# What domain and clusters refuse. Each run breaks one rule and no other.

variables {
  domain   = "mesh.example.com"
  clusters = { cluster1 = { id = 1 } }
}

run "an_upper_case_domain" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain = "Mesh.example.com"
  }
}

run "a_domain_with_a_trailing_dot" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain = "mesh.example.com."
  }
}

run "a_domain_with_an_underscore" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain = "my_mesh.example.com"
  }
}

run "a_domain_of_one_label" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain = "mesh"
  }
}

run "an_address_as_domain" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain = "10.0.0.1"
  }
}

run "a_domain_with_a_label_of_64" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain = "${join("", [for i in range(64) : "a"])}.example.com"
  }
}

run "a_domain_of_254_characters" {
  command         = plan
  expect_failures = [var.domain]

  variables {
    domain   = "${join(".", [for i in range(125) : "a"])}.abcde"
    clusters = {}
  }
}

run "a_cluster_name_with_an_upper_case_letter" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { Cluster1 = { id = 1 } }
  }
}

run "a_cluster_name_with_a_dot" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { "cluster.1" = { id = 1 } }
  }
}

run "a_cluster_name_ending_in_a_hyphen" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster- = { id = 1 } }
  }
}

run "a_cluster_name_of_33_characters" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { "${join("", [for i in range(33) : "a"])}" = { id = 1 } }
  }
}

run "an_empty_cluster_name" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { "" = { id = 1 } }
  }
}

run "a_cluster_called_default" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { default = { id = 1 } }
  }
}

run "id_0" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 0 } }
  }
}

run "an_id_above_255" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 256 } }
  }
}

run "an_id_above_511" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters               = { cluster1 = { id = 512 } }
    max_connected_clusters = 511
  }
}

run "a_fractional_id" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1.5 } }
  }
}

run "no_id" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = null } }
  }
}

run "two_clusters_with_one_id" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1 }, cluster2 = { id = 1 } }
  }
}

run "the_id_of_a_disabled_cluster" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, enabled = false }, cluster2 = { id = 1 } }
  }
}

run "id_128_with_eni" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 128 } }
    datapath = "eni"
  }
}

run "id_255_with_aws_cni_chaining" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 255 } }
    datapath = "aws-cni"
  }
}

run "id_384_with_eni_in_a_mesh_of_511" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters               = { cluster1 = { id = 384 } }
    datapath               = "eni"
    max_connected_clusters = 511
  }
}

run "a_hostname_that_is_an_address" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "10.0.0.1" } }
  }
}

run "a_wildcard_hostname" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "*.mesh.example.com" } }
  }
}

run "two_hostnames_in_one" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "a.mesh.example.com b.mesh.example.com" } }
  }
}

run "an_empty_hostname" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "" } }
  }
}

run "a_hostname_with_a_comma" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "a.example.com,team=x" } }
  }
}

run "the_domain_itself_as_hostname" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "mesh.example.com" } }
  }
}

run "a_built_hostname_of_254_characters" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    domain   = "${join(".", [for i in range(3) : join("", [for j in range(63) : "a"])])}.${join("", [for j in range(25) : "b"])}.com"
    clusters = { "${join("", [for j in range(32) : "c"])}" = { id = 1 } }
  }
}

run "two_clusters_with_one_hostname" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, hostname = "cluster2.mesh.example.com" }, cluster2 = { id = 2 } }
  }
}

run "port_0" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, port = 0 } }
  }
}

run "a_port_above_65535" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, port = 65536 } }
  }
}

run "a_fractional_port" {
  command         = plan
  expect_failures = [var.clusters]

  variables {
    clusters = { cluster1 = { id = 1, port = 2379.5 } }
  }
}
