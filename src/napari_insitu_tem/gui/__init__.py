"""Dock widgets, readers and sample data: the only place that knows napari and Qt."""

from napari_insitu_tem.library_clash import load_triton_apart

load_triton_apart()
