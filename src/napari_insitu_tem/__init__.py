"""From a raw in-situ TEM movie to masks, tracks and measurements."""

import lazy_loader

__version__ = "0.1.0"

_MODULES = {
    "io.cameras": ["list_cameras", "load_camera", "save_camera"],
    "io.describe": ["describe"],
    "io.export": ["export"],
    "io.holder_logs": ["read_holder_log"],
    "io.labels": ["read_labels"],
    "io.read": ["list_signals", "read_movie"],
    "io.signal": ["AmbiguousSignal", "ReadError", "SignalInfo"],
    "io.tables": ["write_table"],
    "io.video": ["write_video"],
    "io.write": ["write_labels", "write_movie"],
    "job": ["Cancelled", "Job", "Progress"],
    "movie": ["CalibrationWarning", "Movie", "MovieError"],
    "pipeline": ["Recipe", "RecipeError", "default_recipe", "run_recipe"],
    "provenance": ["Provenance", "Step"],
    "results": ["Layers", "Measurements", "Segmentation", "Tracking"],
    "settings": ["Settings", "SettingsError"],
    **{
        f"tasks.{name}": [name]
        for name in (
            "calibrate",
            "detector",
            "holder_log",
            "align",
            "denoise",
            "quality",
            "heterogeneity",
            "fourier",
            "crystals",
            "zone_axis",
            "thon",
            "columns",
            "species",
            "latent",
            "segment",
            "correct",
            "separate",
            "track",
            "edit_tracks",
            "measure",
            "follow",
            "forecast",
        )
    },
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_MODULES)
