"""Every write. A service is atomic, locks the row, asks policy again, records and notifies."""
