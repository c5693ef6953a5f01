"""Every predictor of a model."""

from components.shared.predictors.base import Predictor
from components.shared.predictors.distilbert import DistilBertPredictor
from components.shared.predictors.linear import HashingLogisticPredictor, TfidfLogisticPredictor
from components.shared.predictors.lstm import LstmPredictor
from components.shared.predictors.majority import MajorityPredictor

#: `Manifest.predictor` -> class.
PREDICTORS: dict[str, type[Predictor]] = {
    "majority": MajorityPredictor,
    "tfidf-logistic": TfidfLogisticPredictor,
    "hashing-logistic": HashingLogisticPredictor,
    "lstm": LstmPredictor,
    "distilbert": DistilBertPredictor,
}
