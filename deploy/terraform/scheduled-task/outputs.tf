output "task_role_arn" {
  description = "Who whoran is in AWS; other accounts' reader roles trust it."
  value       = aws_iam_role.task.arn
}

output "cluster_name" {
  value = aws_ecs_cluster.this.name
}

output "log_group" {
  value = aws_cloudwatch_log_group.runs.name
}

output "file_system_id" {
  value = aws_efs_file_system.data.id
}
