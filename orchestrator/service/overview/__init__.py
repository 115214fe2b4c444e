"""What does a ward, or who keeps the house, see at a glance? Board, hand-over, alarm load, pathways, operations."""
