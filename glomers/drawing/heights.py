"""From time to height: proportional where that can be read, but in the right order everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from glomers.drawing.messages import Arrow, Band
from glomers.drawing.window import Window

STRIP_PX = 16.0
"""The height of the strip with the name of a band, at its beginning."""
_BELOW_STRIP_PX = 12.0
_OF_LABEL_PX = 18.0

_OF_SILENCE_PX = 230.0
_OF_CUT_SILENCE_PX = 70.0
_OF_WINDOW_PX = 620.0
_TO_SCALE_WITHIN_PX = 1.0


@dataclass(frozen=True, slots=True)
class Spacing:
    """Least distances in pixels: of events in a column, of other events, and an arrow's fall.

    Above the moments in `roomy` there is room for one more label.
    """

    in_column: float = 15.0
    elsewhere: float = 3.0
    of_arrow: float = 9.0
    roomy: frozenset[float] = frozenset()

    def wider(self, by: float) -> Spacing:
        """The same with so many pixels more room for labels everywhere."""
        return Spacing(self.in_column + by, self.elsewhere + by, self.of_arrow + by, self.roomy)

    def roomier(self, time_s: float) -> Spacing:
        """The same with room for one more label above a moment."""
        return replace(self, roomy=self.roomy | {time_s})


@dataclass(slots=True)
class _Moment:
    """What happens at a time: the columns it happens in, and when what arrives was sent."""

    ends: list[tuple[str, float | None]]
    begins_band: bool = False


class Heights:
    """Heights of all events: proportional to time, but apart where they crowd.

    A gap that would take too much room is cut, and is then one of the `silences`; a band that
    begins gets a strip for its name, at the height `strips[time]`.

    Attributes:
        bottom: the height of the end of the window.
        silences: the beginnings and ends of the gaps that are cut, in seconds.
        strips: the upper edges of the strips, by the time at which their bands begin.
        is_to_scale: whether every distance is proportional to time.
    """

    def __init__(
        self,
        arrows: Sequence[Arrow],
        bands: Sequence[Band],
        window: Window,
        top: float,
        spacing: Spacing,
    ) -> None:
        self._window = window
        self._spacing = spacing
        self._y: dict[float, float] = {}
        self._last_in_column: dict[str, float] = {}
        self.silences: list[tuple[float, float]] = []
        self.strips: dict[float, float] = {}
        self.is_to_scale = True
        self.bottom = self._place(self._moments(arrows, bands), top)

    def at(self, time_s: float) -> float:
        """The height of an event; events outside the window stand at its edge."""
        return self._y[self._window.clip(time_s)]

    def band_top(self, band: Band) -> float:
        """Where the strip with the name of a band begins."""
        return self.strips[self._window.clip(band.start_s)]

    def times(self) -> list[float]:
        """The times of all events, in order."""
        return list(self._y)

    def _moments(self, arrows: Sequence[Arrow], bands: Sequence[Band]) -> dict[float, _Moment]:
        clip = self._window.clip
        moments = {clip(edge_s): _Moment([]) for edge_s in (self._window.start_s, float("inf"))}

        def moment(time_s: float) -> _Moment:
            return moments.setdefault(clip(time_s), _Moment([]))

        for arrow in arrows:
            # What crosses the edge of the window gets no end of its own: it is clipped there.
            sent_s, ended_s = clip(arrow.send_s), clip(arrow.end_s)
            moment(sent_s).ends.append((arrow.src, None))
            moment(ended_s).ends.append((arrow.dest, sent_s if ended_s > sent_s else None))
        for band in bands:
            moment(band.end_s)
            moment(band.start_s).begins_band = True
        return moments

    def _place(self, moments: dict[float, _Moment], top: float) -> float:
        """Give every moment its height; returns the last one."""
        span_s = self._window.end_s - self._window.start_s
        previous_s, y = self._window.start_s, top
        for time_s in sorted(moments):
            linear = (time_s - previous_s) / span_s * _OF_WINDOW_PX if span_s > 0 else 0.0
            if linear > _OF_SILENCE_PX:
                self.silences.append((previous_s, time_s))
                linear = _OF_CUT_SILENCE_PX
            lowest = y + linear
            if time_s > previous_s:
                lowest = max(lowest, y + self._spacing.elsewhere)
                lowest += _OF_LABEL_PX if time_s in self._spacing.roomy else 0.0
            if moments[time_s].begins_band:
                self.strips[time_s] = lowest
                lowest += STRIP_PX + _BELOW_STRIP_PX
            placed = self._below_all(moments[time_s], lowest)
            self._y[time_s] = placed
            self._last_in_column.update((column, placed) for column, _ in moments[time_s].ends)
            self.is_to_scale &= abs(placed - y - linear) < _TO_SCALE_WITHIN_PX
            previous_s, y = time_s, placed
        self.is_to_scale &= not self.silences
        return y

    def _below_all(self, moment: _Moment, lowest: float) -> float:
        """The height of a moment, below what came before in its columns."""
        for column, sent_s in moment.ends:
            if column in self._last_in_column:
                lowest = max(lowest, self._last_in_column[column] + self._spacing.in_column)
            if sent_s is not None:
                lowest = max(lowest, self._y[sent_s] + self._spacing.of_arrow)
        return lowest
