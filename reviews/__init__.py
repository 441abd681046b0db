"""Submissions and everything that happens to them inside thirty days."""
