"""Reports: what `probe.py` has measured of a network of the visitor's own, read, looked at and told. Nothing here needs Streamlit."""
