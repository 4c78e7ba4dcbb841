"""How training examples bear on each other and on what the model says of others."""
