output "mesh_dns" {
  description = "What was made in the hub: function, queues, topic, secret, and the object for further spokes."
  value       = module.mesh_dns
}

output "scopes" {
  description = "The accounts and regions that joined."
  value       = [module.spoke_blue_frankfurt.scope, module.spoke_green_virginia.scope]
}
