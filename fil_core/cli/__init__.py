"""The commands of `python -m fil_core`: they ask the engine, print and write, and compute nothing themselves."""
