"""Who is served, with which headers: the server around the pages."""
