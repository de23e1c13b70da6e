output "addresses" {
  description = "Cluster name => the name that its load balancer claims."
  value       = module.clustermesh_values.addresses
}

output "helm_values" {
  description = "Cluster name => values for the Cilium chart, as YAML."
  value       = module.clustermesh_values.yaml
}

output "dead_letter_queue_arn" {
  description = "Where events wait that could not be handled."
  value       = module.mesh_dns.dead_letter_queue_arn
}
