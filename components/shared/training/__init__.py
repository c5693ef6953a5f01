"""How deep models are trained, changed by techniques and written; needs TensorFlow."""
