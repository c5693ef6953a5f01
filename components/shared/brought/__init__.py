"""A model that the user brings instead of training one: read, checked and described without TensorFlow."""
