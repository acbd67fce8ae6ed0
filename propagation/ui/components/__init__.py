"""Components: what the browser runs. Each has a thin Python side here and its JavaScript and CSS in files beside it."""
