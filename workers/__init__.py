"""The Celery jobs: one chore, one file. A message is a hint that may be lost or doubled without harm."""
