"""Simulated recordings with exact ground truth."""
