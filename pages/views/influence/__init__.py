"""What only the Influence page draws."""
