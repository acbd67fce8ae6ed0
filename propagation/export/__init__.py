"""Take away: one experiment as numbers, as a page that works offline, and as code in other frameworks."""
