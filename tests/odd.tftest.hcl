# Inputs that look odd: what is taken as it is, and what is refused.

mock_provider "aws" {
  source = "./tests/setup"
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null
}

run "a_sweep_may_be_any_number_of_minutes" {
  command = plan

  variables {
    sweep = { minutes = 7 }
  }

  assert {
    condition     = aws_scheduler_schedule.sweep.schedule_expression == "rate(7 minutes)"
    error_message = "Seven minutes are no part of an hour, and a rate all the same."
  }
}

run "the_hostname_tag_may_be_required_with_one_value" {
  command = plan

  variables {
    required_tags = { hostname = "cluster1.mesh.example.com" }
  }

  assert {
    condition     = output.settings.required_tags == tomap({ hostname = "cluster1.mesh.example.com" })
    error_message = "Only load balancers with just this name may claim it: odd, and clear."
  }
}

run "signs_in_an_owner_are_taken_as_they_are" {
  command = plan

  variables {
    owner = "a\"b&c=d%25"
  }

  assert {
    condition     = output.owner == "a\"b&c=d%25" && output.settings.owner == output.owner
    error_message = "The mark is compared as a whole, so it must reach the function unchanged."
  }
}

run "a_suffix_that_is_not_ascii_is_refused" {
  command = plan

  variables {
    zones = { "bücher.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  }

  expect_failures = [var.zones]
}

run "a_pattern_may_be_the_suffix_of_a_nested_zone" {
  command = plan

  variables {
    zones = {
      "mesh.example.com"    = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } }
      "eu.mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c354" } }
    }
    accounts = { "111122223333" = ["eu.mesh.example.com"] }
  }

  assert {
    condition     = output.settings.accounts["111122223333"][0] == "eu.mesh.example.com"
    error_message = "It fits no name that may be claimed, and harms none: a refusal says so when one is."
  }
}
