"""Species and vacancies in simulated focal series of MoS2, and whether a wrong order is noticed.

    python benchmarks/species.py dose --seeds 12       # one against three images, over dose
    python benchmarks/species.py order --seeds 12      # images in a wrong order
    python benchmarks/species.py shifts --seeds 12     # images that drift between exposures
    python benchmarks/species.py fit --seeds 20        # constants of the networks' probabilities

Tables are measured on seeds from 20000 on, none of which was used to choose a constant; `fit`
takes seeds from 0 on. `--first` sets another first seed, `--models FOLDER` takes networks from a
folder in place of the shipped ones, and `--constants` tries constants that `fit` printed.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from _measure import job, print_table, verdict
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.species.calibration import CALIBRATIONS, Calibration
from napari_insitu_tem.analysis.species.order import lattice_contrasts
from napari_insitu_tem.analysis.species.registration import register_series
from napari_insitu_tem.models import store
from napari_insitu_tem.simulate.focal import FocalSeries, FocalSettings, draw_series
from napari_insitu_tem.tasks.species import SpeciesError, SpeciesSettings, species
from napari_insitu_tem.tasks.species.series import registered

FIRST = 20_000
DOSES = (50, 100, 200, 500, 1000)
KINDS = ("S", "2S", "Mo")
BOND = 0.316 / np.sqrt(3)  # nm
_REACH = 0.05  # nm within which a column is the true one
_MARGIN = 9  # px at the border, where columns are not compared
_ORDERS = ((0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1), (1, 2, 0), (2, 0, 1))


@dataclass
class Score:
    """What was right in some series."""

    columns: int = 0
    found: int = 0
    right: int = 0
    failed: int = 0
    squares: float = 0.0
    true: list[int] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    of_kind: dict[str, list[int]] = field(default_factory=lambda: {k: [0, 0, 0] for k in KINDS})

    def add(self, series: FocalSeries, found) -> None:
        size, shape = series.pixel_size, series.images.shape[1:]
        inside = _inside(series.positions, shape)
        places, kinds = series.positions[inside], series.species[inside]
        columns = found.columns[_inside(found.columns[["y", "x"]].to_numpy(), shape)]
        distance, which = cKDTree(columns[["y", "x"]].to_numpy()).query(places)
        near = distance < _REACH / size
        self.columns += len(places)
        self.found += int(near.sum())
        self.right += int((near & (columns["species"].to_numpy()[which] == kinds)).sum())
        self.squares += float(np.sum((distance[near] * size) ** 2))
        self._add_vacancies(series, found, shape)

    def miss(self, series: FocalSeries) -> None:
        """Count a series that could not be read: all of its columns are missed."""
        self.failed += 1
        self.columns += int(_inside(series.positions, series.images.shape[1:]).sum())

    def _add_vacancies(self, series: FocalSeries, found, shape) -> None:
        # Sites are read up to 0.6 bonds from the border; what is there is counted there, too.
        margin = np.ceil(0.6 * BOND / series.pixel_size)
        keep = _inside(series.vacancies, shape, margin)
        true, true_kinds = series.vacancies[keep], series.vacancy_kinds[keep]
        table, counts = found.vacancies, found.counts.iloc[0]
        self.true.append(len(true))
        self.counted.append(len(table))
        self.expected.append(float(sum(counts[f"expected_{kind}"] for kind in KINDS)))
        self.errors.append(float(np.hypot.reduce([counts[f"expected_{k}_error"] for k in KINDS])))
        for kind in KINDS:
            there, told = true[true_kinds == kind], table[table["kind"] == kind]
            hits = 0
            if len(there) and len(told):
                distance, _ = cKDTree(told[["y", "x"]].to_numpy()).query(there)
                hits = int((distance < _REACH / series.pixel_size).sum())
            for at, number in enumerate((len(there), len(told), hits)):
                self.of_kind[kind][at] += number

    @property
    def accuracy(self) -> float:
        return self.right / max(self.found, 1)

    @property
    def count_error(self) -> float:
        return (sum(self.counted) - sum(self.true)) / max(sum(self.true), 1)

    @property
    def expected_error(self) -> float:
        return (sum(self.expected) - sum(self.true)) / max(sum(self.true), 1)

    @property
    def error_a_series(self) -> float:
        errors = [abs(e - t) / max(t, 1) for e, t in zip(self.expected, self.true, strict=True)]
        return float(np.mean(errors)) if errors else float("nan")

    @property
    def within(self) -> float:
        """Share of the series whose expected number is right within its standard error."""
        away = np.abs(np.subtract(self.expected, self.true))
        return float(np.mean(away <= self.errors)) if len(away) else float("nan")


def drawn(dose: float, seed: int, **options) -> FocalSeries:
    return draw_series(FocalSettings(dose=(dose, dose), **options), np.random.default_rng(seed))


def each(seeds: range, what: str):
    """Go through seeds, and say on the error stream how far it is."""
    start = time.monotonic()
    for done, seed in enumerate(seeds, 1):
        yield seed
        gone = time.monotonic() - start
        print(f"{what}: {done} of {len(seeds)}, {gone:.0f} s", file=sys.stderr, flush=True)


def run(model: str, dose: float, seeds: range) -> Score:
    score = Score()
    settings = SpeciesSettings(
        model=model, images=3, use="1" if model.endswith("single") else "", check_order=False,
        show_maps=False,
    )  # fmt: skip
    for seed in each(seeds, f"{model}, {dose:g} e/Å²"):
        series = drawn(dose, seed)
        try:
            score.add(series, species(series.movie, settings, job()))
        except SpeciesError:
            score.miss(series)
    return score


def dose_table(seeds: range, doses: tuple[int, ...], networks: list[str]) -> None:
    rows, kinds = [], []
    for model in networks:
        images = 1 if model.endswith("single") else 3
        for dose in doses:
            score = run(model, dose, seeds)
            note = ""
            if model == "species" and dose == 500:
                note = f"accuracy {verdict(score.accuracy, 0.98, at_least=True)}, "
                note += f"count {verdict(abs(score.expected_error), 0.05, at_least=False)}"
            rows.append([
                images, dose, score.found / max(score.columns, 1), score.accuracy,
                score.right / max(score.columns, 1),
                1000 * np.sqrt(score.squares / max(score.found, 1)), sum(score.true),
                f"{100 * score.count_error:+.1f}", f"{100 * score.expected_error:+.1f}",
                f"{100 * score.error_a_series:.0f}", f"{100 * score.within:.0f}", score.failed,
                note,
            ])  # fmt: skip
            cells = [f"{hits}/{true} ({told})" for true, told, hits in score.of_kind.values()]
            kinds.append([images, dose, *cells])
    print_table(
        f"{len(seeds)} series of 256²; accuracy of the columns found, and of all (missed ones "
        "wrong); error of the number of vacancies, all series together, by likeliest class and by "
        "probabilities, the mean error of a series (by probabilities), and the share of the series "
        "right within their standard error",
        ["images", "e/Å² an image", "columns found", "species right", "of all", "RMSE (pm)",
         "vacancies", "counted (%)", "expected (%)", "a series (%)", "within error (%)",
         "unreadable", "targets"],
        rows,
    )  # fmt: skip
    print_table(
        "Vacancies found at their places, of those there are (and how many were told)",
        ["images", "e/Å² an image", *KINDS],
        kinds,
    )


def order_table(seeds: range, doses: tuple[int, ...]) -> None:
    rows = []
    for dose in doses:
        warned, named = np.zeros(len(_ORDERS), int), np.zeros(len(_ORDERS), int)
        for seed in each(seeds, f"orders, {dose:g} e/Å²"):
            series = drawn(dose, seed, drift=(0.0, 2.0))
            size = series.pixel_size
            images = registered(series.images, pixel_size=size, settings=SpeciesSettings()).images
            for at, order in enumerate(_ORDERS):
                found = lattice_contrasts(images[list(order)], bond=BOND / size)
                warned[at] += found.out_of_order or found.dark
                right = tuple(order[place] for place in found.best) == (0, 1, 2)
                named[at] += found.out_of_order and right
        for order, some, best in zip(_ORDERS, warned, named, strict=True):
            name = ",".join(str(place + 1) for place in order)
            known = order == (0, 1, 2)
            rows.append([dose, f"{name} (right)" if known else name, f"{some}/{len(seeds)}",
                         "–" if known else f"{best}/{len(seeds)}"])  # fmt: skip
    print_table(
        "Is it said that the images seem to be in the wrong order, and is the right one named? "
        "Images drift by up to 2 px and were laid over each other in the right order",
        ["e/Å² an image", "order given", "warned", "right order named"],
        rows,
    )


def shifts_table(seeds: range, doses: tuple[int, ...]) -> None:
    rows = []
    for dose in doses:
        errors, jumped, ambiguous = [], 0, 0
        for seed in each(seeds, f"shifts, {dose:g} e/Å²"):
            series = drawn(dose, seed, drift=(2.0, 2.0))
            found = register_series(series.images, pixel_size=series.pixel_size)
            for shift, true in zip(found[1:], series.shifts[1:], strict=True):
                error = 1000 * series.pixel_size * float(np.hypot(*(shift.pixels - true)))
                jumped += error > 100
                ambiguous += shift.others > 0
                errors += [error] if error <= 100 else []
        count = 2 * len(seeds)
        rows.append([dose, float(np.median(errors)), f"{jumped}/{count}", f"{ambiguous}/{count}"])
    print_table(
        "Images that drift by 2 px (standard deviation along each direction) from one to the next",
        ["e/Å² an image", "median error (pm)", "wrong by a lattice vector", "others as likely"],
        rows,
    )


def fit_table(seeds: range, doses: tuple[int, ...], networks: list[str]) -> None:
    """Fit how maps become probabilities, and print what to put into `CALIBRATIONS`."""
    from species_fit import fitted, sites_of

    for model in networks:
        data = []
        for dose in doses:
            for seed in each(seeds, f"{model}, {dose:g} e/Å²"):
                data += sites_of(model, drawn(dose, seed))
        found, rows = fitted(data)
        print_table(
            f"{model}: vacancies of all series at a dose together, there and expected, and the "
            "mean confidence at sulphur sites",
            ["e/Å² an image", "series", "there", "expected", "likeliest", "error of a series (%)",
             "confidence: least", "median", "most"],
            rows,
        )  # fmt: skip
        print(f"\n{model}: {found}", flush=True)


def _inside(places: np.ndarray, shape: tuple[int, int], margin: float = _MARGIN) -> np.ndarray:
    places = np.asarray(places, float).reshape(-1, 2)
    return np.all((places >= margin) & (places <= np.array(shape) - 1 - margin), axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("dose", "order", "shifts", "fit"))
    parser.add_argument("--seeds", type=int, default=12, help="how many")
    parser.add_argument("--first", type=int, help="the first seed")
    parser.add_argument("--doses", type=int, nargs="+")
    parser.add_argument("--networks", nargs="+", default=["species", "species-single"])
    parser.add_argument("--models", type=Path, help="folder of networks in place of the shipped")
    parser.add_argument(
        "--constants", type=float, nargs=5, metavar=("HALF", "SOFT", "SLOPE", "OFFSET", "BETWEEN"),
        help="of all networks, in place of those in the package",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.models is not None:
        store.SHIPPED = arguments.models.resolve()
    if arguments.constants is not None:
        CALIBRATIONS.update(dict.fromkeys(CALIBRATIONS, Calibration(*arguments.constants)))
    fitting = arguments.what == "fit"
    first = arguments.first if arguments.first is not None else 0 if fitting else FIRST
    seeds = range(first, first + arguments.seeds)
    doses = tuple(arguments.doses or ((500,) if fitting else DOSES))
    if arguments.what == "dose":
        dose_table(seeds, doses, arguments.networks)
    elif arguments.what == "order":
        order_table(seeds, doses)
    elif arguments.what == "shifts":
        shifts_table(seeds, doses)
    else:
        fit_table(seeds, doses, arguments.networks)


if __name__ == "__main__":
    main()
