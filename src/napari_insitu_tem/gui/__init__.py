"""Dock widgets, readers and sample data: the only place that knows napari and Qt."""
