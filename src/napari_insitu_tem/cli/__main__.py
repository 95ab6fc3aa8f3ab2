"""`python -m napari_insitu_tem.cli`: the command line."""

from napari_insitu_tem.cli import app

app()
