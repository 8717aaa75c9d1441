"""What are these labels?  Containers, kinds, and the way to numbers and back."""
