"""What every adapter needs that speaks to another server: bounds in time, names of hosts, addresses."""
