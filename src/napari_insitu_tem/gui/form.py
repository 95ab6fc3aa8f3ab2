"""A form made from a Settings class: one row a field, with unit, bounds, tooltip and defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_insitu_tem import settings as declared
from napari_insitu_tem.settings import Settings

__all__ = ["SettingsForm", "fill_width"]


class SettingsForm(QWidget):
    """Edits one Settings object; basic fields open, advanced ones folded.

    Fields of types that have no editor (tuples, mappings) keep the value they were given.

    Parameters
    ----------
    settings_type : type of Settings
        What to edit.
    hidden : tuple of str
        Fields that the surrounding panel edits in its own way.
    """

    changed = Signal()

    def __init__(
        self,
        settings_type: type[Settings],
        parent: QWidget | None = None,
        *,
        hidden: tuple[str, ...] = (),
    ) -> None:
        super().__init__(parent)
        self.settings_type = settings_type
        self._kept: dict[str, Any] = {}
        self._editors: dict[str, _Editor] = {}
        self._rows: dict[str, tuple[QFormLayout, QWidget]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        basic, self._advanced = QWidget(), QCollapsible("More settings")
        self._advanced.layout().setContentsMargins(0, 0, 0, 0)
        folded = QWidget()
        forms = {False: _form_layout(basic), True: _form_layout(folded)}
        for name, field in settings_type.model_fields.items():
            editor = None if name in hidden else _make_editor(field)
            if editor is None:
                self._kept[name] = field.default
                continue
            extra = declared.extras(field)
            title = field.title or name
            label = QLabel(title + (f" ({extra['unit']})" if extra.get("unit") else ""))
            for widget in (label, editor.widget):
                widget.setToolTip(_tooltip(name, field))
            editor.widget.setObjectName(name)
            editor.widget.setAccessibleName(title)
            label.setBuddy(editor.widget)
            fill_width(editor.widget)
            editor.connect(self._on_change)
            form = forms[bool(extra["advanced"])]
            form.addRow(label, editor.widget)
            self._editors[name] = editor
            self._rows[name] = (form, editor.widget)
        layout.addWidget(basic)
        if forms[True].rowCount():
            self._advanced.addWidget(folded)
            layout.addWidget(self._advanced)
        self._show_relevant()

    def value(self) -> Settings:
        """Return the settings as they stand; raises `SettingsError` in plain words."""
        values = {name: editor.get() for name, editor in self._editors.items()}
        return self.settings_type.from_dict({**self._kept, **values})

    def set_value(self, settings: Settings) -> None:
        """Show other settings."""
        for name in self.settings_type.model_fields:
            value = getattr(settings, name)
            if name in self._editors:
                with QSignalBlocker(self._editors[name].widget):
                    self._editors[name].set(value)
            else:
                self._kept[name] = value
        self._on_change()

    def reset(self) -> None:
        """Show the defaults."""
        self.set_value(self.settings_type())

    def editor(self, name: str) -> QWidget:
        """Return the widget that edits a field, for panels that add to it."""
        return self._editors[name].widget

    def _on_change(self, *_: Any) -> None:
        self._show_relevant()
        self.changed.emit()

    def _show_relevant(self) -> None:
        for name, (form, widget) in self._rows.items():
            extra = declared.extras(self.settings_type.model_fields[name])
            relevant = all(
                other not in self._editors or self._editors[other].get() in values
                for other, values in extra.get("shown_when", {}).items()
            ) and not any(
                other in self._editors and self._editors[other].get() in values
                for other, values in extra.get("hidden_when", {}).items()
            )
            form.setRowVisible(widget, relevant)


class _Editor:
    """A widget with the means to read and set its value."""

    def __init__(
        self,
        widget: QWidget,
        get: Callable[[], Any],
        set: Callable[[Any], Any],  # noqa: A002 - reads as the field's two verbs
        connect: Callable[[Callable[..., None]], Any],
    ) -> None:
        self.widget, self.get, self.set, self.connect = widget, get, set, connect


def _form_layout(widget: QWidget) -> QFormLayout:
    form = QFormLayout(widget)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return form


def fill_width(widget: QWidget) -> None:
    """Let a widget take the width of its column, so that a form's right edge is straight."""
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _tooltip(name: str, field: Any) -> str:
    low, high = declared.bounds(field)
    lines = [f"<p>{field.description}</p>"]
    if low is not None or high is not None:
        ends = f"{'−∞' if low is None else f'{low:g}'} … {'∞' if high is None else f'{high:g}'}"
        lines.append(f"<p>Range: {ends}</p>")
    lines.append(f"<p>In recipes: <code>{name}</code></p>")
    return "".join(lines)


def _make_editor(field: Any) -> _Editor | None:
    kind, optional = declared.value_type(field), declared.is_automatic(field)
    options: list[Any] = list(declared.choices(field))
    if options:
        return _choice_editor(field, [None, *options] if optional else options)
    if kind is bool:
        if optional:
            return _choice_editor(field, [None, True, False])
        box = QCheckBox()
        box.setChecked(bool(field.default))
        return _Editor(box, box.isChecked, box.setChecked, box.toggled.connect)
    if kind in (int, float):
        return _number_editor(field, kind, optional=optional)
    if kind is str and declared.extras(field).get("choices_from"):
        return _named_editor(field)
    if kind is str:
        line = QLineEdit(field.default or "")
        line.setPlaceholderText(declared.extras(field)["none_means"] if optional else "")
        return _Editor(
            line,
            lambda: line.text().strip() or (None if optional else ""),
            lambda value: line.setText(value or ""),
            line.editingFinished.connect,
        )
    if isinstance(kind, type) and issubclass(kind, Path):
        return _path_editor(field)
    return None


def _choice_editor(field: Any, options: list[Any]) -> _Editor:
    words = {
        None: declared.extras(field)["none_means"],
        True: "yes",
        False: "no",
    }
    combo = QComboBox()
    for option in options:
        known = option is None or isinstance(option, bool)
        combo.addItem(words[option] if known else str(option).replace("_", " "), option)

    def show(value: Any) -> None:
        combo.setCurrentIndex(options.index(value))

    show(field.default)
    combo.setMinimumContentsLength(8)
    return _Editor(
        combo, lambda: options[combo.currentIndex()], show, combo.currentIndexChanged.connect
    )


class _NamedBox(QComboBox):
    """Chooses one of the names that there are whenever it is opened."""

    def __init__(self, field: Any) -> None:
        super().__init__()
        self._field = field
        self.fill()
        self.setMinimumContentsLength(8)

    def fill(self) -> None:
        """Look up what there is; what was chosen stays, even if it is gone."""
        chosen = self.currentData() or self._field.default
        with QSignalBlocker(self):
            self.clear()
            for value, words in declared.current_choices(self._field) or ():
                self.addItem(words, value)
            self.choose(chosen)

    def choose(self, value: Any) -> None:
        """Choose a name, adding it if it is not there."""
        index = self.findData(value)
        if index < 0:
            self.addItem(f"{value} (not there)", value)
            index = self.count() - 1
        self.setCurrentIndex(index)

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """Open the list, as it is now."""
        self.fill()
        super().showPopup()


def _named_editor(field: Any) -> _Editor:
    box = _NamedBox(field)
    return _Editor(box, box.currentData, box.choose, box.currentIndexChanged.connect)


def _number_editor(field: Any, kind: type, *, optional: bool) -> _Editor:
    extra = declared.extras(field)
    low, high = declared.bounds(field)
    if kind is int:
        box: Any = QSpinBox()
        step, low, high = int(extra.get("step", 1)), low or 0, 2**31 - 1 if high is None else high
        low = int(low) if declared.bounds(field)[0] is not None else -(2**31) + 2
        high = int(high)
    else:
        box = QDoubleSpinBox()
        low, high = (-1e12 if low is None else low), (1e12 if high is None else high)
        step = extra.get("step") or _natural_step(field.default, low, high)
        box.setDecimals(max(2, 6 if step < 0.01 else 3))
    # The lowest value stands for "automatic": one step below what is allowed.
    box.setRange(low - step if optional else low, high)
    box.setSingleStep(step)
    box.setKeyboardTracking(False)
    if optional:
        box.setSpecialValueText(extra["none_means"])
        # Of words that are longer than the box the beginning is shown.
        box.valueChanged.connect(lambda _: box.lineEdit().home(False))

    def get() -> Any:
        return None if optional and box.value() <= box.minimum() else box.value()

    def show(value: Any) -> None:
        box.setValue(box.minimum() if value is None else value)

    show(field.default)
    box.lineEdit().home(False)
    return _Editor(box, get, show, box.valueChanged.connect)


def _natural_step(default: float | None, low: float, high: float) -> float:
    if default:
        return float(10 ** max(-3, round(len(f"{abs(default):.0f}")) - 2))
    return 0.05 if high - low <= 2 else 1.0


def _path_editor(field: Any) -> _Editor:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    line, button = QLineEdit(str(field.default or "")), QToolButton()
    button.setText("…")
    button.setToolTip("Choose a file")
    row.addWidget(line)
    row.addWidget(button)

    def browse() -> None:
        pattern = declared.extras(field).get("file_filter", "All files (*)")
        chosen, _ = QFileDialog.getOpenFileName(holder, field.title, line.text(), pattern)
        if chosen:
            line.setText(chosen)
            line.editingFinished.emit()

    button.clicked.connect(browse)
    return _Editor(
        holder,
        lambda: line.text().strip() or None,
        lambda value: line.setText("" if value is None else str(value)),
        line.editingFinished.connect,
    )
