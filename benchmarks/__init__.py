"""What the library promises about speed, memory and agreement, measured beside a slow literal reference."""
