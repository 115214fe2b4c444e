"""Documents as text for people at a terminal: calm, one thing a line, an answer to 'why' beside everything."""
