terraform {
  required_version = ">= 1.11" # write-only arguments keep the token out of the state

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
