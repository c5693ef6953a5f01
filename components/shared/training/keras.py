"""TensorFlow with the Keras that TensorFlow Model Optimization understands.

Import TensorFlow, Keras and TFMOT from here only: TF_USE_LEGACY_KERAS has to be set before TensorFlow is
imported anywhere in the process.
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from tensorflow.lite.python.convert import ConverterError

# The public `tfmot.clustering.keras.cluster_weights` cannot preserve sparsity.
from tensorflow_model_optimization.python.core.clustering.keras.experimental.cluster import cluster_weights

# Dropout then draws from generators whose state can be saved, so that a resumed training drops the same units.
keras.backend.experimental.enable_tf_random_generator()

__all__ = ["ConverterError", "cluster_weights", "keras", "tf", "tfmot"]
