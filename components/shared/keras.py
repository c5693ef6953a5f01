"""TensorFlow with the Keras that TensorFlow Model Optimization understands.

Import `tf`, `keras` and `tfmot` from here only: TF_USE_LEGACY_KERAS has to be set before TensorFlow is
imported anywhere in the process.
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

__all__ = ["keras", "tf", "tfmot"]
