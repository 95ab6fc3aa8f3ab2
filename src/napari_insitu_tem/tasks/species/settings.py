"""What can be chosen when elements are told."""

from __future__ import annotations

import re

from pydantic import model_validator

from napari_insitu_tem.settings import Settings, setting

__all__ = ["SpeciesSettings"]


class SpeciesSettings(Settings):
    """Which images make a series, how they are laid over each other, and what is a column."""

    model: str = setting(
        "species",
        title="Network",
        description="'species' takes three images of one series at three defocus settings, "
        "'species-single' one image.",
        choices_from="napari_insitu_tem.models.choices:species_models",
    )
    images: int | None = setting(
        None,
        title="Images per series",
        description="How many frames of the movie, one after the other, make one focal series; if "
        "left to the network, as many as it takes.",
        unit="frames",
        ge=1,
        le=99,
        none_means="the network's",
    )
    use: str = setting(
        "",
        title="Images used",
        description="Which images of a series the network gets, in its order: '3,2,1' turns a "
        "series round, '1' takes the first alone. The first ones, as they come, if empty.",
    )
    register_images: bool = setting(
        True,
        title="Lay images over each other",
        description="Find how the images of a series are shifted against the first one, and "
        "undo it. Switch it off where that has been done.",
    )
    largest_shift: float = setting(
        0.6,
        title="Largest shift",
        description="Of an image against the first of its series, along each direction. A "
        "perfect lattice looks the same one lattice vector (0.32 nm) further; where no defect or "
        "edge tells, the smallest shift is taken.",
        unit="nm",
        gt=0,
        le=5,
        step=0.1,
        shown_when={"register_images": (True,)},
    )
    threshold: float = setting(
        0.4,
        title="Threshold",
        description="Height of a peak in the network's maps above which it is a column; lower "
        "finds fainter columns and takes more noise for columns.",
        ge=0.02,
        le=0.98,
        step=0.05,
    )
    check_order: bool = setting(
        True,
        title="Check the order",
        description="See by how bright the atoms are whether the images of every series run from "
        "overfocus to underfocus, and say so if they do not.",
    )
    lattice_constant: float = setting(
        0.316,
        title="Lattice constant",
        description="Expected of the sheet; the lattice is looked for within 8 % of it.",
        unit="nm",
        ge=0.2,
        le=0.6,
        step=0.002,
        advanced=True,
    )
    largest_hole: int = setting(
        12,
        title="Largest hole",
        description="Empty sites that touch each other are vacancies up to this number; more are "
        "a pore, or the world beside the sheet.",
        unit="sites",
        ge=1,
        le=1000,
        advanced=True,
    )
    show_maps: bool = setting(
        True,
        title="Show the network's maps",
        description="Hand on the network's map of every class as an image.",
        advanced=True,
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network."""
        return (self.model,)

    @property
    def chosen(self) -> tuple[int, ...]:
        """Numbers of the images to use, from 1; none where the first ones are meant."""
        return tuple(int(part) for part in re.split(r"[,;\s]+", self.use.strip()) if part)

    @model_validator(mode="after")
    def _sensible(self) -> SpeciesSettings:
        if not re.fullmatch(r"[\d,;\s]*", self.use) or 0 in self.chosen:
            raise ValueError(
                f"'{self.use}' are no numbers of images; write for example 1,2,3 (the first is 1)"
            )
        if len(set(self.chosen)) < len(self.chosen):
            raise ValueError(f"an image is named twice in '{self.use}'")
        if self.images is not None and self.chosen and max(self.chosen) > self.images:
            raise ValueError(f"there is no image {max(self.chosen)} in a series of {self.images}")
        return self
