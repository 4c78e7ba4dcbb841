"""Networks: built from a spec, trained by full-batch gradient descent, with and without some examples."""
