"""Runtime: what lets one process serve many visitors: slots for work, reused memory, BLAS threads, the platform. No physics."""
