"""What people see of accounts."""
