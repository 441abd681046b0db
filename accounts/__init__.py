"""Who you are, where you sit, and what you did. Knows nothing of submissions."""
