"""Signal Propagation Explorer: why initialization decides whether a deep network learns."""

from propagation.activations import ACTIVATIONS
from propagation.config import Config
from propagation.diagnosis import diagnose
from propagation.engine.network import simulate
from propagation.initializers import SCHEMES
from propagation.theory.prediction import predict

__all__ = ["ACTIVATIONS", "SCHEMES", "Config", "diagnose", "predict", "simulate"]
