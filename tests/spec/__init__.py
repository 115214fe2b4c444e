"""What clinicians wrote down: the stories beside each pathway."""
