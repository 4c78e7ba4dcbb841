"""What the page Shift & over-fitting draws."""
