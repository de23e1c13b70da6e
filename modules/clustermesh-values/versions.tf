terraform {
  # The oldest version that is tried, as for the other modules. No provider is needed.
  required_version = ">= 1.11"
}
