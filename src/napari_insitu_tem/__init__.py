"""From a raw in-situ TEM movie to masks, tracks and measurements."""

import lazy_loader

__version__ = "0.1.0"

_MODULES = {
    "io.describe": ["describe"],
    "io.labels": ["read_labels"],
    "io.read": ["list_signals", "read_movie"],
    "io.signal": ["AmbiguousSignal", "ReadError", "SignalInfo"],
    "io.write": ["write_labels", "write_movie"],
    "job": ["Cancelled", "Job", "Progress"],
    "pipeline": ["Recipe", "RecipeError", "default_recipe", "run_recipe"],
    "movie": ["CalibrationWarning", "Movie", "MovieError"],
    "provenance": ["Provenance", "Step"],
    "results": ["Measurements", "Segmentation", "Tracking"],
    "settings": ["Settings", "SettingsError"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_MODULES)
