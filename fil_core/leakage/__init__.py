"""How much a trained model gives away about each training example."""
