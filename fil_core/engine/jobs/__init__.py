"""Requests in processes of their own, with progress, limits and an end."""
