"""Which optimizer, and which learning rate?  SGD and Adam as Keras objects; the range test."""
