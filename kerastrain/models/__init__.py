"""What is known of a Keras model?  Its last layer, copies, seeds, and the device."""
