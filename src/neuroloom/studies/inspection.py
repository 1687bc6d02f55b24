"""What a file or dataset holds, and what was kept, changed or left out on reading it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroloom import datasets
from neuroloom.connectome import (
    KINDS,
    AbstractSignRule,
    BothWays,
    Connectome,
    Drop,
    Electrical,
    KeepFirst,
    Refuse,
    Sum,
    TransmitterSigns,
    summarize,
)
from neuroloom.connectome.statistics import GraphStatistics, draws_that_fit, graph_statistics
from neuroloom.connectome.statistics.overview import n_steps
from neuroloom.errors import InputError, nearest
from neuroloom.recording import Recording
from neuroloom.runs import progress_bar
from neuroloom.studies.sources import dataset_nouns, load_connectome, load_recording

__all__ = ["Inspection", "inspect"]


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        title: What it is, in one line.
        rows: Name and value of each fact.
        audit: What was kept, changed or left out, a sentence each.
        value: The connectome or recording itself.
        statistics: Of a connectome's graph; None for a recording.
        licence: Of a dataset; empty for a file.
        citation: Whom to cite for a dataset; empty for a file.
    """

    title: str
    rows: tuple[tuple[str, str], ...]
    audit: tuple[str, ...]
    value: Connectome | Recording
    statistics: GraphStatistics | None = None
    licence: str = ""
    citation: str = ""

    def __str__(self) -> str:
        """Title, facts and audit as plain text."""
        facts = [f"  {name}: {value}" for name, value in self.rows]
        return "\n".join([self.title, *facts, *(f"  audit: {line}" for line in self.audit)])


def inspect(
    source: str | Path,
    *,
    neurons: Path | Sequence[Path] | None = None,
    count_unit: str | None = None,
    neuropil: str | None = None,
    undirected: Refuse | Electrical | BothWays = Refuse(),  # noqa: B008
    on_duplicate: Refuse | Sum | KeepFirst = Refuse(),  # noqa: B008
    on_dangling: Refuse | Drop = Refuse(),  # noqa: B008
    data: Path | None = None,
    resample: float | None = None,
    dt: float | None = None,
    kind: str | None = None,
    sign_rule: AbstractSignRule | None = TransmitterSigns(),  # noqa: B008
    rng: np.random.Generator | None = None,
    n_draws: int | None = None,
    progress: bool = False,
) -> Inspection:
    """Read a connectome or a recording, whichever it is, and say what it holds.

    Args:
        source: A file, a folder of a public release, or the name of a dataset.
        neurons: For a connectome, as of `read_connectome`, like the next five.
        count_unit: What the counts count.
        neuropil: Only the rows of this neuropil or region.
        undirected: What an edge without direction is.
        on_duplicate: What to do where a connection repeats.
        on_dangling: What to do where an end is no neuron.
        data: Folder with the datasets that may not ship; default: the variable NEUROLOOM_DATA.
        resample: Time step to resample to, in seconds, if times are not uniform.
        dt: Seconds per step, where the file does not say; the bin width of spike times.
        kind: For a recording: what its activity is, where the file does not say.
        sign_rule: For a connectome: what unknown signs become in its statistics, where it can be
            told; None to leave them unknown. The connectome itself stays as it is.
        rng: For a connectome: randomness of null wirings and sampled paths; a fixed one if None.
        n_draws: For a connectome: wirings to draw of each null; as many as fit into about a minute
            if None.
        progress: Show progress bars.

    Raises:
        InputError: If it is neither; gives the reason of both readers, or that of one where the
            header tells which it is.
    """
    source = str(source)
    nouns = dataset_nouns(source)
    known = {dataset.name: dataset for dataset in datasets.available(data)}
    if not nouns and not Path(source).exists():
        raise InputError(
            f"What to inspect must be a file, a folder or the name of a dataset; `{source}` is "
            f"none of these. {nearest(source, known)} `neuroloom datasets` lists the names."
        )
    wiring = {
        "neurons": neurons or None,
        "count_unit": count_unit,
        "neuropil": neuropil,
        "undirected": undirected,
        "on_duplicate": on_duplicate,
        "on_dangling": on_dangling,
    }
    sampling = {"resample": resample, "dt": dt, "kind": kind}
    with progress_bar("reading", total=1, enabled=progress):
        value = _read(source, nouns, wiring, sampling, data)
    if isinstance(value, Recording):
        return inspect_recording(value)
    found = inspect_connectome(
        value, sign_rule=sign_rule, rng=rng, n_draws=n_draws, progress=progress
    )
    if "recording" in nouns:
        told = repr(load_recording(source, data=data))
        found = replace(found, rows=(*found.rows, ("also a recording", told)))
    if nouns:
        of = known[source.partition("/")[0]]
        return replace(found, licence=of.licence, citation=of.citation)
    return found


def _read(
    source: str,
    nouns: tuple[str, ...],
    wiring: dict[str, Any],
    sampling: dict[str, Any],
    data: Path | None,
) -> Connectome | Recording:
    asked = any(value not in (None, Refuse()) for value in wiring.values())
    if asked or "connectome" in nouns:
        return load_connectome(source, **wiring, data=data)
    not_a_connectome = None
    if not nouns:
        try:
            return load_connectome(source)
        except InputError as error:
            from neuroloom.connectome.formats import is_wiring

            if is_wiring(Path(source)):
                raise
            not_a_connectome = error
    try:
        return load_recording(source, **sampling, data=data)
    except InputError as not_a_recording:
        if not_a_connectome is None:
            raise
        raise InputError(
            f"A file must hold a connectome or a recording; {Path(source).name} reads as neither.\n"
            f"As a connectome: {not_a_connectome}\nAs a recording: {not_a_recording}"
        ) from not_a_recording


def inspect_connectome(
    connectome: Connectome,
    *,
    sign_rule: AbstractSignRule | None = TransmitterSigns(),  # noqa: B008
    rng: np.random.Generator | None = None,
    n_draws: int | None = None,
    progress: bool = False,
) -> Inspection:
    """Counts, signs, oddities and graph statistics of a connectome, beside null wirings.

    Args:
        connectome: Any.
        sign_rule: What unknown signs become in the statistics, where it can be told; None to leave
            them unknown.
        rng: Randomness of null wirings and sampled paths; a fixed one if None.
        n_draws: Wirings to draw of each null; as many as fit into about a minute if None.
        progress: Show a progress bar.

    Raises:
        InputError: If `n_draws` is negative.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    n_draws = draws_that_fit(connectome) if n_draws is None else n_draws
    signed, notes = _with_signs(connectome, sign_rule)
    with progress_bar("statistics", total=n_steps(n_draws), enabled=progress) as bar:
        statistics = graph_statistics(
            signed, rng=rng, n_draws=n_draws, on_step=lambda name: bar.advance(note=name)
        )
    statistics = replace(statistics, notes=(*notes, *statistics.notes))
    rows = (*summarize(connectome).rows, *_statistic_rows(connectome, statistics))
    return Inspection(repr(connectome), rows, connectome.audit, connectome, statistics)


def _with_signs(
    connectome: Connectome, rule: AbstractSignRule | None
) -> tuple[Connectome, tuple[str, ...]]:
    """The connectome with the signs that a rule can tell, and a sentence on what it touched."""
    unknown = (connectome.sign == 0) & (connectome.kind != KINDS.index("electrical"))
    tells = not isinstance(rule, TransmitterSigns) or "neurotransmitter" in connectome.neurons
    if rule is None or not tells or not unknown.any():
        return connectome, ()
    signed = rule(connectome)
    return signed, (f"for signed statistics: {signed.audit[-1]}",)


def _statistic_rows(c: Connectome, s: GraphStatistics) -> list[tuple[str, str]]:
    rows = []
    if s.reciprocity.contacts:
        rows.append(
            ("reciprocity of contacts", f"{100 * s.reciprocity.weighted:.1f} % are matched")
        )
    mutual = ", ".join(f"{n:,} {both}" for both, n in s.dyads.mutual.items() if n)
    rows.append(
        (
            "motifs of two",
            f"{s.dyads.n_mutual:,} mutual pairs{f' ({mutual})' if mutual else ''}, "
            f"{s.dyads.n_one_way:,} one-way, {s.dyads.n_null:,} unconnected",
        )
    )
    if s.blocks is not None and len(s.blocks):
        first = s.blocks.head(1).to_dict("records")[0]
        rows.append(
            (
                "strongest pair of types",
                f"{first['pre_type']!s:.40} -> {first['post_type']!s:.40}: "
                f"{first['contacts']:,} {c.count_unit}, {100 * first['density']:.1f} % of the "
                "pairs connected",
            )
        )
    for name, spectrum in (("unsigned", s.unsigned), ("signed", s.signed)):
        if spectrum is not None:
            gain = ""
            if spectrum.radius:
                gain = f"; a linear network is stable below a gain of {1 / spectrum.radius:.3g}"
            rows.append((f"spectral radius, {name}", f"{spectrum.radius:.4g} {c.count_unit}{gain}"))
    sizes = s.paths.part_sizes
    if sizes.size:
        loops = f"{sizes[0]:,} of {c.n_neurons:,} nodes can all reach each other"
        rows.append(("largest recurrent part", loops if sizes[0] > 1 else "none: feed-forward"))
    if s.paths.n_of_length.size:
        rows.append(
            (
                "shortest paths",
                f"mean {s.paths.mean:.2f} steps, longest {s.paths.n_of_length.size}; "
                f"{100 * s.paths.reached:.1f} % of ordered pairs have one",
            )
        )
    for hop, value in enumerate(s.effective.value, 1):
        if value.any():
            target, source = np.unravel_index(int(value.argmax()), value.shape)
            rows.append(
                (
                    f"strongest over {hop} hop{'s' * (hop > 1)}",
                    f"{s.effective.source[source]} -> {s.effective.target[target]}: "
                    f"{100 * value[target, source]:.1f} % of the input",
                )
            )
    return rows


def inspect_recording(recording: Recording) -> Inspection:
    """Sizes, sampling, missing values and annotations of a recording."""
    seen = recording.activity[recording.observed]
    never = int((~recording.observed.any(axis=(0, 1))).sum())
    rows = [
        ("trials x steps x neurons", " x ".join(f"{n:,}" for n in recording.activity.shape)),
        ("kind", f"{recording.kind}{f', in {recording.unit}' if recording.unit else ''}"),
    ]
    if recording.dt is not None:
        span = recording.n_steps * recording.dt
        rows.append(("sampling", f"every {recording.dt:g} s, {span:g} s a trial"))
    rows.append(
        (
            "observed",
            f"{seen.size:,} of {recording.activity.size:,} entries; {never:,} neurons never",
        )
    )
    if seen.size:
        quantiles = np.quantile(seen, [0, 0.05, 0.5, 0.95, 1])
        rows.append(("least, 5 %, median, 95 %, most", ", ".join(f"{q:.3g}" for q in quantiles)))
    for title, names in (
        ("inputs", recording.input_name),
        ("behavior", tuple(recording.behavior)),
        ("trial columns", tuple(recording.trials)),
        ("annotations", tuple(recording.annotations)),
    ):
        if names:
            rows.append((title, ", ".join(names)))
    if recording.stimuli:
        rows.append(("stimuli", f"{len(recording.stimuli):,}"))
    if recording.n_observations is not None and seen.size:
        counts = recording.n_observations[recording.observed]
        rows.append(
            ("observations behind an entry", f"median {np.median(counts):g}, most {counts.max()}")
        )
    rows += [("licence", recording.licence), ("citation", recording.citation)]
    facts = tuple((name, value) for name, value in rows if value)
    return Inspection(repr(recording), facts, recording.audit, recording)
