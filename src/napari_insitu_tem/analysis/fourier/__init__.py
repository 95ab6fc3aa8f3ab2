"""Fourier analysis of lattices: windows, spectra, pairs of peaks, lattice maps and extents."""

from napari_insitu_tem.analysis.fourier.window import FourierError, Window

__all__ = ["FourierError", "Window"]
