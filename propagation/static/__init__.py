"""The app as a static site: the same `app.py`, run by the visitor's own browser, from any host that serves files."""
