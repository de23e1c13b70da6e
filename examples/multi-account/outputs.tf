output "hub" {
  description = "What modules/spoke needs to know: hand it to the repositories of further accounts. Nothing in it is secret."
  value       = module.mesh_dns.hub
}

output "scopes" {
  description = "The accounts and regions that joined."
  value       = [module.spoke_blue_frankfurt.scope, module.spoke_green_virginia.scope]
}

output "settings" {
  description = "What the function is told: each plan shows what a change reaches."
  value       = module.mesh_dns.settings
}

output "commands" {
  description = "The commands of docs/operations.md for the hub: terraform output -raw commands"
  value       = join("\n", [for name, command in module.mesh_dns.commands : "# ${name}\n${command}"])
}
