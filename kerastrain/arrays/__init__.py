"""What does an array, or a data set, hold?  One pass over the values; rows and splits."""
