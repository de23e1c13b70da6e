# What the other inputs refuse. Each run breaks one rule and no other.

variables {
  domain   = "mesh.example.com"
  clusters = { cluster1 = { id = 1 } }
}

run "an_unknown_controller" {
  command         = plan
  expect_failures = [var.controller]

  variables {
    controller = "alb"
  }
}

run "a_mesh_of_256" {
  command         = plan
  expect_failures = [var.max_connected_clusters]

  variables {
    max_connected_clusters = 256
  }
}

run "an_unknown_datapath" {
  command         = plan
  expect_failures = [var.datapath]

  variables {
    datapath = "native"
  }
}

run "a_hostname_tag_with_an_equals_sign" {
  command         = plan
  expect_failures = [var.hostname_tag]

  variables {
    hostname_tag = "host=name"
  }
}

run "a_hostname_tag_with_a_comma" {
  command         = plan
  expect_failures = [var.hostname_tag]

  variables {
    hostname_tag = "host,name"
  }
}

run "an_empty_hostname_tag" {
  command         = plan
  expect_failures = [var.hostname_tag]

  variables {
    hostname_tag = ""
  }
}

run "a_hostname_tag_with_a_space_at_its_end" {
  command         = plan
  expect_failures = [var.hostname_tag]

  variables {
    hostname_tag = "hostname "
  }
}

run "a_hostname_tag_of_129_characters" {
  command         = plan
  expect_failures = [var.hostname_tag]

  variables {
    hostname_tag = join("", [for i in range(129) : "a"])
  }
}

run "a_hostname_tag_that_aws_keeps_for_itself" {
  command         = plan
  expect_failures = [var.hostname_tag]

  variables {
    hostname_tag = "AWS:hostname"
  }
}

run "a_tag_key_with_a_comma" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { "a,b" = "c" }
  }
}

run "a_tag_key_with_an_equals_sign" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { "a=b" = "c" }
  }
}

run "the_hostname_tag_among_the_extra_tags" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { hostname = "x.mesh.example.com" }
  }
}

run "an_owner_tag_of_a_controller" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { "service.k8s.aws/stack" = "kube-system/clustermesh-apiserver" }
  }
}

run "a_tag_value_with_a_comma" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    controller = "aws-load-balancer-controller"
    extra_tags = { team = "a,b" }
  }
}

run "a_tag_value_with_an_asterisk" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { team = "*" }
  }
}

run "a_tag_value_of_257_characters" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { team = "${join("", [for i in range(257) : "a"])}" }
  }
}

run "a_tag_value_with_a_space_at_its_start" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { team = " platform" }
  }
}

run "a_tag_value_with_an_equals_sign_for_cloud_provider_aws" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    controller = "cloud-provider-aws"
    extra_tags = { query = "a=b" }
  }
}

run "a_tag_value_with_an_equals_sign_for_any_controller" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { query = "a=b" }
  }
}

run "more_than_40_extra_tags" {
  command         = plan
  expect_failures = [var.extra_tags]

  variables {
    extra_tags = { for i in range(41) : "tag${i}" => "x" }
  }
}
