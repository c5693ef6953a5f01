"""Predictors: from raw reviews to probabilities, without TensorFlow."""
