"""Which loss, last layer and metrics go with these labels and this model?"""
