"""Theory: what an infinitely wide random network does, and how a finite one scatters around it. Never imports the engine."""
