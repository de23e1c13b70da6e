terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

# The account is the one that your credentials lead to; the region is that of the clusters' load balancers.
provider "aws" {
  region = "eu-west-1"
}
