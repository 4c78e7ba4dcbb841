"""What only the half of the page Influence about influence functions draws."""
