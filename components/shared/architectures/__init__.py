"""The deep models: how each is built, fed, trained on and exported. Needs TensorFlow; serving never imports it."""
