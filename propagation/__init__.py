"""Signal Propagation Explorer: why initialization decides whether a deep network learns."""

from propagation.activations import ACTIVATIONS
from propagation.config import Config
from propagation.diagnosis import diagnose
from propagation.engine.network import simulate
from propagation.engine.sweep import simulate_sweep
from propagation.initializers import SCHEMES
from propagation.theory.prediction import predict
from propagation.theory.sweep import predict_sweep

__all__ = ["ACTIVATIONS", "SCHEMES", "Config", "diagnose", "predict", "predict_sweep", "simulate", "simulate_sweep"]
