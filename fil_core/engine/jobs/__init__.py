"""Requests answered in processes of their own, with progress, limits and a way to cancel."""
