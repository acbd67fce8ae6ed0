"""Pages: functions that arrange results; one file a page."""
