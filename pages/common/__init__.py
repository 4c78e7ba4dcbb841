"""Shared by all pages: the sidebar, access to the engine, tiles, links and texts."""
