from napari.components import ViewerModel
from napari.layers import Layer

from napari_insitu_tem.gui.samples import nanocubes_layers, sintering_layers


def test_the_recorded_sample_shows_one_image():
    viewer = ViewerModel()
    for layer in sintering_layers():
        viewer.add_layer(Layer.create(*layer))
    assert [layer.name for layer in viewer.layers] == ["sintering"]


def test_the_simulated_sample_shows_the_movie_and_hides_the_truth():
    viewer = ViewerModel()
    for layer in nanocubes_layers():
        viewer.add_layer(Layer.create(*layer))
    kinds = [type(layer).__name__ for layer in viewer.layers]
    assert kinds == ["Image", "Labels", "Tracks"]
    assert [layer.visible for layer in viewer.layers] == [True, False, False]
    assert len({tuple(layer.scale) for layer in viewer.layers}) == 1
