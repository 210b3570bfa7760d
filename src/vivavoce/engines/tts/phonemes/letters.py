"""How an English word sounds that no dictionary has, guessed from its letters.

The sequence-to-sequence network of g2p_en 2.1.0 (Kyubyong Park and Jongseok Kim, Apache-2.0; trained on CMUdict): two
GRUs of 256 units. Its weights lie beside this file, rounded to 8 bits with a scale for each row, which changes the
guesses for three words in a hundred.
"""

from __future__ import annotations

import gzip
import io
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

MOST_LETTERS = 40
MOST_PHONES = 40
_LETTERS = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz", start=3)}
_END_OF_WORD, _START, _STOP = 2, 2, 3
_PHONES = (
    ["", "", "", ""]
    + [f"{vowel}{stress}" for vowel in ("AA", "AE", "AH", "AO", "AW", "AY") for stress in "012"]
    + ["B", "CH", "D", "DH"]
    + [f"{vowel}{stress}" for vowel in ("EH", "ER", "EY") for stress in "012"]
    + ["F", "G", "HH"]
    + [f"{vowel}{stress}" for vowel in ("IH", "IY") for stress in "012"]
    + ["JH", "K", "L", "M", "N", "NG"]
    + [f"{vowel}{stress}" for vowel in ("OW", "OY") for stress in "012"]
    + ["P", "R", "S", "SH", "T", "TH"]
    + [f"UH{stress}" for stress in "012"]
    + ["UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH"]
)
_SOUNDS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "ʤ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t",
    "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_REDUCED = {"AH": "ə", "ER": "əɹ"}


class LetterToSound:
    """Thread-safe: holds weights only."""

    def __init__(self) -> None:
        packed = files(__package__).joinpath("letters_en.npz.gz").read_bytes()
        with np.load(io.BytesIO(gzip.decompress(packed)), allow_pickle=False) as stored:
            self._weights: dict[str, Array] = {
                name: stored[name].astype(np.float32) * (stored[name + "_scale"] if name + "_scale" in stored else 1)
                for name in stored
                if not name.endswith("_scale")
            }
        self.sounds = lru_cache(maxsize=4096)(self._sounds)

    def _sounds(self, word: str) -> str:
        """The sounds of a word of letters a to z in misaki's American phonemes; other characters are passed over."""
        codes = [_LETTERS[letter] for letter in word.lower() if letter in _LETTERS][:MOST_LETTERS]
        if not codes:
            return ""
        state = np.zeros(256, np.float32)
        for code in (*codes, _END_OF_WORD):
            state = self._step("enc", code, state)
        return _spelled(self._phones(state))

    def _phones(self, state: Array) -> list[str]:
        phones: list[str] = []
        code = _START
        while len(phones) < MOST_PHONES:
            state = self._step("dec", code, state)
            code = int(np.argmax(self._weights["fc_w"] @ state + self._weights["fc_b"]))
            if code == _STOP:
                break
            phones.append(_PHONES[code])
        return phones

    def _step(self, side: str, code: int, state: Array) -> Array:
        """One step of a gated recurrent unit (Cho et al. 2014), in PyTorch's order of gates: reset, update, new."""
        weights = self._weights
        of_input = weights[f"{side}_w_ih"] @ weights[f"{side}_emb"][code] + weights[f"{side}_b_ih"]
        of_state = weights[f"{side}_w_hh"] @ state + weights[f"{side}_b_hh"]
        reset, update = np.split(1 / (1 + np.exp(-(of_input[:512] + of_state[:512]))), 2)
        new = np.tanh(of_input[512:] + reset * of_state[512:])
        return np.asarray((1 - update) * new + update * state, np.float32)


def _spelled(phones: list[str]) -> str:
    said = ""
    for phone in phones:
        name, stress = phone.rstrip("012"), phone[-1:]
        mark = {"1": "ˈ", "2": "ˌ"}.get(stress, "")
        said += mark + (_REDUCED.get(name, _SOUNDS.get(name, "")) if stress == "0" else _SOUNDS.get(name, ""))
    return said
