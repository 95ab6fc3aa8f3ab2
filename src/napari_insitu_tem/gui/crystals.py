"""The Crystals dock: click a particle for its indexed spectrum; table and plots of all of them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QLabel, QTableView

from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.gestures import show_frame
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.particle_clicks import ParticleClicks
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.spectrum_view import SpectrumPicture, SpectrumView, picture_of
from napari_insitu_tem.gui.table_model import TableModel
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.crystals import Crystals, CrystalsSettings, analyse_particle

if TYPE_CHECKING:
    import napari

    from napari_insitu_tem.results import Segmentation
    from napari_insitu_tem.tasks.crystals.rows import Seen

__all__ = ["CrystalsDock"]

_DELAY_MS = 60
_PLOTS = {"evenness": "Evenness", "orientation": "Orientation", "spacing": "Spacing"}
_TABLES = {"crystals": "Particles", "pairs": "Pairs of peaks"}


class CrystalsDock(TaskPanel):
    """Fourier analysis of particles, by point and click."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "pandas", "scipy.ndimage")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "crystals")
        self.found: Crystals | None = None
        self.particle: int | None = None
        self._shown: weakref.ref[Layer] | None = None
        self._live_spectrum = Background(self)
        self._live_spectrum.finished.connect(self._show_spectrum)
        self._live_spectrum.failed.connect(self._show_no_spectrum)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._transform)
        self._build_live()
        self._build_results()
        self._clicks = ParticleClicks(self.viewer, self.input_layer, self.choose)
        self.form.changed.connect(self.refresh)
        self._chooser.changed.connect(self.refresh)
        listen(
            self,
            (self.viewer.dims.events.current_step, self._moved),
            at_end=(self._live_spectrum.cancel, self._clicks.stop),
        )
        self.refresh()

    # -- what the user does ----------------------------------------------------------------

    def choose(self, particle: int | None, frame: int | None = None) -> None:
        """Show a particle's spectrum, and mark it in table and plot; go to a frame, if given."""
        self.particle = particle
        masks = self.input_layer()
        if frame is not None and masks is not None:
            show_frame(self.viewer, masks, frame)
        self._mark()
        self.refresh()

    def show_result(self, result: Crystals, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show table and plots, and the Bragg-filtered movie if there is one."""
        layers = super().show_result(result, tuples if result.images() else [], source)
        self.found = result
        self._shown = weakref.ref(source) if source is not None else None
        for widget in (self._kind, self.table):
            widget.show()
        self._show_table()
        self.plots.show_drawings(result.drawings())
        self._mark()
        self.say(result.message)
        return layers

    def refresh(self, *_: Any) -> None:
        """Transform the chosen particle again soon; many calls in a row count as one."""
        self._timer.start()

    # -- the live spectrum -----------------------------------------------------------------

    def _build_live(self) -> None:
        self.spectrum = SpectrumView()
        self.spectrum.setToolTip(
            "The power spectrum of the particle that you clicked, in the frame that you look at. "
            "Rings: pairs of peaks (green: the brightest), with their indices if a lattice is "
            "chosen."
        )
        self.peaks = QLabel("Click a particle in the canvas to see its spectrum.")
        self.peaks.setObjectName("peaks")
        self.peaks.setWordWrap(True)
        self.extras.addWidget(self.spectrum)
        self.extras.addWidget(self.peaks)

    def _transform(self) -> None:
        if self._live_spectrum.running:
            self._timer.start()
            return
        masks, particle = self.input_layer(), self.particle
        if not isinstance(masks, Labels) or particle is None:
            self._show_no_spectrum("Click a particle in the canvas to see its spectrum.")
            return
        try:
            segmentation, settings = self.subject(), self.form.value()
        except ValueError as error:
            self._show_no_spectrum(plain_words(error))
            return
        index = shown_frame(self.viewer, masks)
        self._live_spectrum.start(lambda _: _transformed(segmentation, index, particle, settings))

    def _show_spectrum(self, found: tuple[SpectrumPicture | None, str]) -> None:
        picture, words = found
        self.spectrum.show_picture(picture)
        self.peaks.setText(words)

    def _show_no_spectrum(self, words: str) -> None:
        self.spectrum.show_picture(None)
        self.peaks.setText(words)

    def _moved(self, _: Any = None) -> None:
        self.refresh()
        self._mark()

    # -- results ---------------------------------------------------------------------------

    def _build_results(self) -> None:
        self._kind = QComboBox()
        self._kind.setObjectName("which_table")
        self._kind.setToolTip("Which table.")
        for key, title in _TABLES.items():
            self._kind.addItem(title, key)
        self._kind.currentIndexChanged.connect(self._show_table)
        self.model = TableModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSortingEnabled(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setToolTip("Click a row to go to its particle and frame.")
        self.table.setMinimumHeight(150)
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.clicked.connect(self._choose_row)
        for widget in (self._kind, self.table):
            widget.hide()
            self.extras.addWidget(widget)
        self.plots = ResultPlots("Run Crystals first.", _PLOTS)
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.plots.picked.connect(self._choose_point)
        self.extras.addWidget(self.plots)

    def _show_table(self, _: int = 0) -> None:
        if self.found is not None:
            table = self.found.tables().get(self._kind.currentData())
            if table is not None:
                self.model.set_table(_readable(table))
                self.table.resizeColumnsToContents()
            self._mark()

    def _choose_row(self, index: Any) -> None:
        particle, frame = self.model.particle(index.row())
        self.choose(particle, frame)

    def _choose_point(self, particle: int, frame: int) -> None:
        self.choose(particle if particle > 0 else self.particle, frame if frame >= 0 else None)

    def _mark(self) -> None:
        layer = self._shown() if self._shown is not None else None
        if layer is None or layer not in self.viewer.layers:
            return
        frame = shown_frame(self.viewer, layer)
        self.plots.mark(self.particle, frame)
        row = self.model.row_of(self.particle, frame) if self.particle is not None else None
        if row is not None:
            self.table.selectRow(row)


def _readable(table: Any) -> Any:
    """Return the table with what it is about first, and missing indices as blanks."""
    places = [name for name in table if name in ("time_s", "y_nm", "x_nm", "y_px", "x_px")]
    table = table[[*(name for name in table if name not in places), *places]]
    indices = [name for name in "hkl" if name in table]
    return table.assign(**{
        name: ["" if value is None or value != value else str(value)
               for value in table[name].astype(object).where(table[name].notna(), None)]
        for name in indices
    })  # fmt: skip


def _transformed(
    segmentation: Segmentation, index: int, particle: int, settings: Any
) -> tuple[SpectrumPicture | None, str]:
    """Return the picture of a particle's spectrum, and its pairs in words."""
    assert isinstance(settings, CrystalsSettings)
    mask = segmentation.frame(index) == particle
    if not mask.any():
        return None, f"Particle {particle} is not in this frame."
    image = segmentation.movie.frame(index)
    pixel_size = segmentation.movie.pixel_size
    lattice = settings.chosen_lattice() if pixel_size is not None else None
    seen = analyse_particle(
        image, mask, settings, lattice, pixel_size, frame=index, particle=particle
    )
    if seen.found.window is None:
        return None, seen.found.note
    miller = seen.indexing.miller if seen.indexing is not None else ()
    names = tuple("" if each is None else " ".join(map(str, each)) for each in miller)
    picture = picture_of(Spectrum.of(image, seen.found.window), seen.found.pairs, names=names)
    return picture, _words(seen, pixel_size)


def _words(seen: Seen, pixel_size: float | None) -> str:
    from napari_insitu_tem.analysis.fourier.evenness import evenness

    pairs = seen.found.pairs
    scale, unit, digits = (pixel_size, "nm", 4) if pixel_size else (1.0, "px", 2)
    words = [f"Particle {seen.particle}: {len(pairs)} pair{'s' if len(pairs) != 1 else ''}"]
    if pairs:
        words[0] += f", evenness {evenness(pairs):.2f}"
        first = pairs[0]
        words.append(
            f"brightest {scale * first.spacing:.{digits}f} ± "
            f"{scale * first.spacing_error:.{digits}f} {unit} at {first.angle:.2f} ± "
            f"{first.angle_error:.2f}°"
        )
    index = seen.indexing
    if index is not None and index.zone_axis is not None:
        words.append(f"along [{' '.join(map(str, index.zone_axis))}]")
    if index is not None and index.fits:
        words.append(f"strain {100 * index.strain:+.2f} ± {100 * index.strain_error:.2f} %")
    notes = [seen.found.note, index.note if index is not None and pairs else ""]
    if seen.found.border:
        notes.append("It is cut by the edge of the frame.")
    return "; ".join(words) + ". " + " ".join(note for note in notes if note)
