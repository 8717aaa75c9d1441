"""How is a model trained?  Choose, check, compile, fit, tell: `train` and what it returns."""
