"""Presentation: number formats, the style of figures, HTML, pictures, redaction. No torch here."""
