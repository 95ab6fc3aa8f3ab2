"""Provenance: what was done, kept through JSON and recipes."""

from napari_insitu_tem.provenance import Provenance, Step


def test_provenance_survives_json():
    record = Provenance.of_input("movie.dm4", "abc", signal="2").then(
        Step("segment", {"method": "otsu"}, seed=3, seconds=1.5, models={"particles": "f00"})
    )
    assert Provenance.from_json(record.to_json()) == record


def test_every_step_is_kept_in_order(small_movie):
    first = small_movie.history()
    second = first.then(Step("align")).then(Step("segment"))
    assert [step.task for step in second.steps] == ["align", "segment"]
    assert first.steps == ()
    assert second.fingerprint == small_movie.fingerprint
    assert second.versions["napari-insitu-tem"]
