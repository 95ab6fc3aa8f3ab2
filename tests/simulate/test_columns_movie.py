"""Movies of columns that hop: are the events what the frames show?"""

from __future__ import annotations

import numpy as np
import pytest

from napari_insitu_tem.simulate.columns import ColumnMovie, ColumnsSettings, draw_movie


def movie(seed: int = 0, material: str = "Au", **how) -> ColumnMovie:
    settings = ColumnsSettings(
        height=112,
        width=112,
        pixel_size=(0.035, 0.035),
        materials=(material,),
        diameter=(2.0, 2.4),
        tilt=(0.0, 0.5),
        dose=(500.0, 500.0),
        defocus=(-6.0, -4.0),
        carbon=(0.0, 0.5),
    )
    return draw_movie(settings, np.random.default_rng(seed), **how)


def test_occupied_sites_follow_from_the_events() -> None:
    made = movie(1, n_frames=40, frames_per_hop=4, frames_per_growth=8, frames_per_loss=10)
    state = made.occupied[0].copy()
    assert len(made.events) > 5
    for frame in range(1, 40):
        for event in made.events[made.events.frame == frame].itertuples():
            if event.kind == "hop":
                assert state[event.from_site]
                state[event.from_site] = False
            if event.kind == "disappear":
                assert state[event.site]
                state[event.site] = False
            else:
                assert not state[event.site]
                state[event.site] = True
        assert np.array_equal(state, made.occupied[frame])


def test_a_hop_moves_one_column_by_about_a_neighbour_distance() -> None:
    made = movie(2, n_frames=60, frames_per_hop=3)
    hops = made.events[made.events.kind == "hop"]
    length = np.hypot(hops.y - hops.from_y, hops.x - hops.from_x) / made.spacing
    assert len(hops) > 8
    assert length.between(0.7, 2.3).all()
    assert 1.0 < length.mean() < 2.0
    assert (made.occupied.sum(axis=1) == made.occupied[0].sum()).all()
    changed = (made.occupied[1:] != made.occupied[:-1]).sum(axis=1)
    assert set(changed) <= {0, 2}


def test_hops_come_as_often_as_asked() -> None:
    made = movie(3, n_frames=200, frames_per_hop=10)
    assert 10 <= len(made.events) <= 32  # 20 expected, standard deviation 4
    assert movie(3, n_frames=30, frames_per_hop=None).events.empty


def test_where_a_column_hops_to_the_image_gets_brighter() -> None:
    made = movie(4, n_frames=60, frames_per_hop=5, adatoms=3, material="Pt")
    assert made.bright
    readable = made.events[made.readable[made.events.site]]
    assert len(readable) > 3
    for event in readable.itertuples():
        before, after = (
            made.images[made.occupied[:, event.site] == state].mean(axis=0)[
                round(event.y), round(event.x)
            ]
            for state in (False, True)
        )
        assert after > before


def test_drift_moves_image_and_outline_but_not_the_sites() -> None:
    still, moving = (movie(5, n_frames=6, drift=drift) for drift in ((0, 0), (2.0, -1.0)))
    assert np.array_equal(still.sites, moving.sites)
    assert moving.drift[5] == pytest.approx((10.0, -5.0))
    rows, columns = np.nonzero(moving.labels[5])
    first_rows, first_columns = np.nonzero(moving.labels[0])
    assert rows.mean() - first_rows.mean() == pytest.approx(10, abs=0.6)
    assert columns.mean() - first_columns.mean() == pytest.approx(-5, abs=0.6)
    shifted = np.roll(moving.images[5], (-10, 5), (0, 1))
    inner = slice(20, -20), slice(20, -20)
    assert (
        np.corrcoef(shifted[inner].ravel(), moving.images[0][inner].ravel())[0, 1]
        > np.corrcoef(moving.images[5][inner].ravel(), moving.images[0][inner].ravel())[0, 1]
    )


def test_added_columns_are_at_the_surface_and_the_movie_says_what_it_is() -> None:
    made = movie(6, n_frames=20, frames_per_hop=4)
    assert made.surface[made.events.site].all()
    assert not made.surface.all()
    assert made.movie.n_frames == 20 and made.movie.pixel_size == 0.035
    assert (made.atoms[made.occupied.any(axis=0)] >= 1).all()
    again = movie(6, n_frames=20, frames_per_hop=4)
    assert np.array_equal(made.images, again.images)
