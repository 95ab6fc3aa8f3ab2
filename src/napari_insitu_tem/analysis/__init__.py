"""Pure NumPy, SciPy and pandas science: no torch, no napari, no files."""
