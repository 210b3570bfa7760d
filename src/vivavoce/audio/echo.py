"""The assistant's own voice in what the microphone hears, where the client does not cancel it.

The server knows the samples it sent, and roughly when they are to be heard. The envelopes of frequency bands survive
loudspeaker, room and microphone far better than the waveform does; so the sound heard is compared with the sound sent
band by band, over a window of half a second, at every delay that a network and a sound card may have. Several windows
that agree on a delay make the path known, and from then on only that delay counts.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import Resampler

RATE = 16_000
FRAME = 512
"""Samples of one spectrum: 32 ms."""
STRIDE = 128
"""Samples between the spectra of what was sent: delays are told apart to 8 ms."""
HEARD_STRIDE = 2 * STRIDE
EDGES_HZ = np.array([150, 300, 450, 600, 800, 1050, 1350, 1750, 2300, 3000, 3900])
"""Of the bands: what even a telephone carries."""
WINDOW = 32
"""Spectra compared: half a second."""
LEAST = 12  # spectra heard before anything can be told: 0.2 s
LONGEST_DELAY = 88
"""In strides, 0.7 s: between the time at which a sound was to be heard and that at which it is."""
EARLIEST = 12  # in strides: it may also come so much early, for clocks are guessed
KEPT = 1024
"""Strides of sent sound that are remembered, past and future: 8 s."""
REVERBERATION = 0.62
"""Power that a room keeps for a stride: 60 dB in 0.3 s."""
SURE = 0.65  # share from which a window's delay is believed
AGREEING = 24  # windows that make a delay known: more than overlap, which agree by themselves
NEAR = 3  # strides within which delays agree
FLOOR_RISE = 1.002  # per spectrum: the noise floor is the lowest power of the last seconds
ENOUGH = 6  # spectra with power in them; a syllable alone resembles some syllable of anybody's
CLOCK_RISE = 0.0005
"""Seconds a hop: frames arrive late by a varying time, so the earliest tell the microphone's clock; it may drift."""
GAP = 0.25  # seconds after which the microphone's sound is a new stretch
PUT_OFF = 32
"""Hops heard whose spectra are made together, later, as long as nobody asks about them: 1 s."""
COMPARED = WINDOW * HEARD_STRIDE // FRAME
"""The last hops, all that is compared once somebody asks. Of those before only the noise floor counts."""
SPARSE = 4
"""Where only the floor counts, one spectrum in so many is made: it is the lowest of several hundred either way."""
SENT_PUT_OFF = 3.0
"""Seconds of sent sound that are put off likewise; older ones no echo can come from any more."""


class EchoGuard:
    """One conversation's. Times are seconds of one clock. Bounded in memory; a hop that is asked about costs less than
    1 ms, one that is only noted a few µs."""

    def __init__(self) -> None:
        self._sent = np.zeros((KEPT, len(EDGES_HZ) - 1), np.float32)
        """Band powers of each stride sent, by the time at which it is to be heard."""
        self._end = 0
        """Stride after the last one written."""
        self._resampler = Resampler(RATE, RATE)
        self._source = RATE
        self._rest = np.zeros(0, np.float32)
        self._due = -1.0
        self._heard: deque[Samples] = deque(maxlen=WINDOW)
        self._before = np.zeros(FRAME - HEARD_STRIDE, np.float32)
        self._floor: Samples | None = None
        self._delays: deque[int] = deque(maxlen=2 * AGREEING)
        self._clock: float | None = None
        """The end of the sound heard, on the caller's clock."""
        self._held_at: float | None = None
        self._put_off: list[Samples] = []
        """Hops heard that have no spectra yet."""
        self._sent_put_off: deque[tuple[Pcm, float]] = deque()
        self._sent_seconds = 0.0

    @property
    def delay(self) -> float | None:
        """Seconds by which the echo comes late; None while no echo has been found."""
        known = self._known()
        return None if known is None else known * STRIDE / RATE

    def sent(self, sound: Pcm, at: float) -> None:
        """`sound` was sent, and is to be heard from `at` on."""
        self._sent_put_off.append((sound, at))
        self._sent_seconds += sound.seconds
        while self._sent_seconds > SENT_PUT_OFF and len(self._sent_put_off) > 1:
            self._sent_seconds -= self._sent_put_off.popleft()[0].seconds

    def held(self, at: float) -> None:
        """The listener paused at `at`: what was to be heard later is not, until it goes on."""
        self._catch_up_sent()
        self._held_at = at

    def resumed(self, at: float) -> None:
        """The listener goes on at `at` with the sample at which it was held."""
        self._catch_up_sent()
        if self._held_at is None:
            return
        old, new = round(self._held_at * RATE / STRIDE), round(at * RATE / STRIDE)
        self._held_at = None
        later = self._rows(np.arange(old, max(old, self._end)))
        self._silence(old, new)
        self._end = min(self._end, new)
        self._due += at - old * STRIDE / RATE
        self._write(new, later)

    def note(self, heard: Samples, at: float) -> int:
        """Take a hop that nobody asks about: sound at 16 kHz, a multiple of HEARD_STRIDE samples, that arrived at `at`.
        Returns the stride of its end."""
        seconds = len(heard) / RATE
        if self._clock is None or abs(at - self._clock - seconds) > GAP:
            self._let_go(len(self._put_off))
            self._clock = at
        else:
            self._clock = min(at, self._clock + seconds + CLOCK_RISE)
        self._put_off.append(heard)
        if len(self._put_off) >= PUT_OFF:
            self._let_go(len(self._put_off) - COMPARED)
        return round(self._clock * RATE / STRIDE)

    def share(self, heard: Samples, at: float) -> float:
        """How much of the sound of the last half second is explained by what was sent, 0..1; `heard` as for `note`."""
        now = self.note(heard, at)
        self._catch_up()
        self._catch_up_sent()
        if len(self._heard) < LEAST or now - self._end > LONGEST_DELAY + 2 * WINDOW:
            return 0.0
        known = self._known()
        delays = np.arange(-EARLIEST, LONGEST_DELAY) if known is None else np.arange(known - NEAR, known + NEAR + 1)
        ages = np.arange(len(self._heard) - 1, -1, -1) * (HEARD_STRIDE // STRIDE)
        mine = np.stack(list(self._heard))
        shares = _explained(mine, self._rows(now - 1 - ages[None, :] - delays[:, None]))
        best = int(shares.argmax())
        evidence = min(1.0, _spectra_with_power(mine) / ENOUGH) if known is None else 1.0
        share = float(shares[best]) * evidence
        if share >= SURE:
            self._delays.append(int(delays[best]))
        return share

    # --- inside

    def _catch_up(self) -> None:
        """Make the spectra of the hops that were put off."""
        if not self._put_off:
            return
        samples = np.concatenate([self._before, *self._put_off])
        self._put_off = []
        powers = _powers(_frames(samples, HEARD_STRIDE))
        floors = self._floors(powers, 1)
        self._heard.extend(np.asarray(np.maximum(powers - 2 * floors, 0.0), np.float32)[-WINDOW:])
        self._before = samples[len(samples) - (FRAME - HEARD_STRIDE) :]

    def _let_go(self, hops: int) -> None:
        """Take the first hops that were put off for the noise floor alone, and forget what was heard before them."""
        self._heard.clear()
        if not hops:
            return
        samples = np.concatenate([self._before, *self._put_off[:hops]])
        del self._put_off[:hops]
        self._floors(_powers(_frames(samples, SPARSE * HEARD_STRIDE)), SPARSE)
        self._before = samples[len(samples) - (FRAME - HEARD_STRIDE) :]

    def _floors(self, powers: Samples, apart: int) -> Samples:
        """The noise floor at each of these spectra, which are `apart` HEARD_STRIDEs from each other."""
        rise = (FLOOR_RISE ** (apart * np.arange(1, len(powers) + 1)))[:, None]  # the lowest so far, risen since
        floors = np.minimum.accumulate(powers / rise) * rise
        if self._floor is not None:
            floors = np.minimum(floors, self._floor * rise)
        self._floor = np.asarray(floors[-1], np.float32)
        return np.asarray(floors, np.float32)

    def _catch_up_sent(self) -> None:
        """Make the spectra of the sounds that were put off, those that follow each other in one go."""
        while self._sent_put_off:
            sound, at = self._sent_put_off.popleft()
            pieces, end = [sound.samples], at + sound.seconds
            while self._sent_put_off:
                following, then = self._sent_put_off[0]
                if following.rate != sound.rate or abs(then - end) > 2 * STRIDE / RATE:
                    break
                pieces.append(following.samples)
                end += following.seconds
                self._sent_put_off.popleft()
            self._take_sent(Pcm(np.concatenate(pieces), sound.rate), at)
        self._sent_seconds = 0.0

    def _take_sent(self, sound: Pcm, at: float) -> None:
        if abs(at - self._due) > 2 * STRIDE / RATE or sound.rate != self._source:  # a new stretch
            self._rest, self._due, self._source = np.zeros(FRAME - STRIDE, np.float32), at, sound.rate
            self._resampler = Resampler(sound.rate, RATE)
        samples = np.concatenate([self._rest, self._resampler.push(sound.samples)])
        first = round((self._due * RATE - len(self._rest) + FRAME - STRIDE) / STRIDE)
        count = max(0, (len(samples) - FRAME) // STRIDE + 1)
        if count:
            self._write(first, _powers(_frames(samples, STRIDE)))
        self._rest, self._due = samples[count * STRIDE :], self._due + sound.seconds

    def _known(self) -> int | None:
        """The delay on which enough windows agree."""
        if len(self._delays) < AGREEING:
            return None
        middle = int(np.median(self._delays))
        near = sum(abs(delay - middle) <= NEAR for delay in self._delays)
        return middle if near >= max(AGREEING, len(self._delays) * 2 // 3) else None

    def _write(self, first: int, powers: Samples) -> None:
        self._silence(max(self._end, first - KEPT), first)
        before = self._sent[(first - 1) % KEPT]
        for n, row in enumerate(powers[-KEPT:], first):
            before = np.maximum(row, REVERBERATION * before)
            self._sent[n % KEPT] = before
        self._end = max(self._end, first + len(powers))

    def _silence(self, first: int, end: int) -> None:
        self._sent[np.arange(max(first, end - KEPT), end) % KEPT] = 0.0

    def _rows(self, strides: NDArray[np.int_]) -> Samples:
        """What was to be heard in each of these strides."""
        until = self._end if self._held_at is None else min(self._end, round(self._held_at * RATE / STRIDE))
        known = (strides < until) & (strides >= self._end - KEPT)
        return np.where(known[..., None], self._sent[strides % KEPT], 0.0)


def _frames(samples: Samples, stride: int) -> Samples:
    """The frames that begin every `stride` samples, shape (n, FRAME), without a copy; numpy's sliding_window_view does
    the same for 17 µs, where each session comes here more than once a second."""
    step = samples.itemsize
    count = max(0, (len(samples) - FRAME) // stride + 1)
    return np.ndarray((count, FRAME), samples.dtype, samples.data, strides=(stride * step, step))


def _powers(frames: Samples) -> Samples:
    """Powers of the bands of frames (n, FRAME), shape (n, bands)."""
    power = np.square(np.abs(np.fft.rfft(frames * _HANN)))
    return np.asarray(np.add.reduceat(power, _EDGES, axis=1)[:, :-1], np.float32)


def _explained(heard: Samples, sent: Samples) -> Samples:
    """Share of the power in `heard` (time, bands) that each of `sent` (delay, time, bands) explains, each band scaled
    by a gain of its own."""
    total = float(heard.sum())
    if total <= 0.0:
        return np.zeros(len(sent), np.float32)
    gains = (heard * sent).sum(axis=1) / np.maximum(np.square(sent).sum(axis=1), 1e-20)
    residual = np.abs(heard - gains[:, None] * sent).sum(axis=1)
    return np.asarray(np.maximum(heard.sum(axis=0) - residual, 0.0).sum(axis=1) / total, np.float32)


def _spectra_with_power(heard: Samples) -> float:
    """How many spectra carry the power of `heard` (time, bands); 1 when one carries it all."""
    powers = heard.sum(axis=1)
    return float(powers.sum() ** 2 / max(float(np.square(powers).sum()), 1e-20))


_HANN = np.hanning(FRAME).astype(np.float32)
_EDGES = np.round(EDGES_HZ / RATE * FRAME).astype(int)
