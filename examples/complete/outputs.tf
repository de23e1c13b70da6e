output "addresses" {
  description = "Cluster name => the name that its load balancer claims."
  value       = module.clustermesh_values.addresses
}

output "helm_values" {
  description = "Cluster name => values for the Cilium chart, as YAML."
  value       = module.clustermesh_values.yaml
}

output "settings" {
  description = "What the function is told: each plan shows what a change reaches."
  value       = module.mesh_dns.settings
}

output "commands" {
  description = "The commands of docs/operations.md for this installation: terraform output -raw commands"
  value       = join("\n", [for name, command in module.mesh_dns.commands : "# ${name}\n${command}"])
}

output "dead_letter_queue_arn" {
  description = "Where events wait that could not be handled."
  value       = module.mesh_dns.dead_letter_queue_arn
}
