"""Session: what belongs to a visit: the experiment, its address, and what the visitor has said and started."""
