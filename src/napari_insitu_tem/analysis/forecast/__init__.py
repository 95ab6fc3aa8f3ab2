"""Forecasts: clips, baselines, quality, uncertainty, surprise and onsets; NumPy alone."""
