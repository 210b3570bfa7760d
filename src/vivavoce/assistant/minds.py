"""The language models of a server by the names that clients may call them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from vivavoce.errors import RequestError
from vivavoce.ports import LanguageModel

DEFAULT = "vivavoce"
WELL_KNOWN = re.compile(r"(openai|anthropic|google|xai|perplexity)/|(gpt-|chatgpt-|claude-|sonar|o\d)")
"""Names that apps have built in, such as gpt-5 or, as Perplexity has them, openai/gpt-5.1; they would rather get the
mind there is than none."""


class Minds:
    """`default`: answers to "", "vivavoce", its own model's name and the well-known families. `named`: further ones,
    each called by its name here and by that of its model. `aliases`: a client's name to one of these. `aloud`: what
    takes the place of a mind, by the mind's model, where it is talked with. `unlisted`: names that are not shown.
    `quick`: the mind for small things beside the talk, None: the default."""

    def __init__(
        self,
        default: LanguageModel,
        named: Mapping[str, LanguageModel] | None = None,
        aliases: Mapping[str, str] | None = None,
        aloud: Mapping[str, LanguageModel] | None = None,
        unlisted: Collection[str] = (),
        quick: LanguageModel | None = None,
    ) -> None:
        self.default, self.quick = default, quick or default
        self._named, self._aloud, self._unlisted = dict(named or {}), dict(aloud or {}), unlisted
        own = {DEFAULT: default, **self._named}
        # the first of those that share a model has its name
        models = {mind.name: mind for mind in reversed([self.quick, *own.values()])}
        self._by_name = {**models, **{alias: own[name] for alias, name in (aliases or {}).items()}, **own, "": default}

    @property
    def names(self) -> tuple[str, ...]:
        """What a list of models shows: the default first."""
        return (DEFAULT, *(name for name in self._named if name not in self._unlisted))

    def choose(self, model: str | None) -> LanguageModel:
        """The mind that a request's `model` names. Raises RequestError."""
        name = model or ""
        if mind := self._by_name.get(name):
            return mind
        if WELL_KNOWN.match(name):
            return self.default
        raise RequestError(
            f"There is no model {name!r} here. There are: {', '.join(self.names)}.",
            param="model",
            code="model_not_found",
        )

    def for_voice(self, model: str) -> LanguageModel:
        """The mind of a spoken session. Voice clients send any name; one that is none of ours means the default."""
        mind = self._by_name.get(model, self.default)
        return self._aloud.get(mind.name, mind)
