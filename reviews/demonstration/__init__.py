"""The demonstration's invented data: who, and what waits for them."""
