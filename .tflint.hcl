config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# An example is one file that a user copies.
rule "terraform_standard_module_structure" {
  enabled = false
}
