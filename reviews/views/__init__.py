"""What people see. Views ask policy, call one service, and render; they decide nothing."""
