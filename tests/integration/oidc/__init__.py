"""Coming in by the login of the hospital."""
