output "values" {
  description = "Cluster name => Helm values for the Cilium chart, as an object. To be merged with your own."
  value       = local.values
}

output "yaml" {
  description = "Cluster name => the same values as a YAML document, for `helm_release`, `helm -f`, Argo CD or Flux."
  value       = { for name, values in local.values : name => yamlencode(values) }
}

output "addresses" {
  description = "Cluster name => hostname of its clustermesh-apiserver, disabled clusters included."
  value       = local.hostnames
}
