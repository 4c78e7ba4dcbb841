"""What people read and see: numbers in words, the style of figures, HTML, pictures, redaction. No torch here."""
