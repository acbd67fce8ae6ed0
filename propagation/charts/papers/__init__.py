"""Figures of papers that no other chart here can draw."""
