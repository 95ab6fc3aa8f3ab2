"""The demonstration, as `make demo` runs it, on the smaller sample."""

from napari_insitu_tem import demo, samples


def test_the_main_job_on_the_shipped_recording_leaves_everything(tmp_path, capsys, monkeypatch):
    short = samples.sintering().select(0, 4)
    monkeypatch.setattr(samples, "sintering", lambda: short)
    monkeypatch.setattr(samples, "nanocubes", lambda: short)
    measured = demo.run_demo(tmp_path)
    assert set(measured) == {"sintering", "nanocubes"}
    said = capsys.readouterr().out
    assert "particles a frame" in said
    names = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert {".csv", ".parquet", ".svg", ".png", ".mp4", ".tif", ".toml", ".json"} <= names
