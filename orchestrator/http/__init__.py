"""What every face over HTTP needs, whatever it answers with: bounds, counts of failures, headers."""
