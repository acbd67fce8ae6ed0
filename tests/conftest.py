"""Settings of every test: the same examples on every run, and no deadline on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("same_every_run", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same_every_run")
