"""Italian."""

from vivavoce.text.tongues.tongue import Days, Durations, Moments, Numerals, Part, Tongue

_MONTHS = "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
_AT = r"(?:(?:per |verso )?(?:alle |all')|(?:per )?(?:le |l'))"

ITALIAN = Tongue(
    "it",
    Numerals(
        point="virgola",
        figure=r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?",
        grouped=r"\d{1,3}(?:\.\d{3})+(?:,\d+)?",
        ones=frozenset(("un", "una", "un'")),
        powers={"milione": 1_000_000, "milioni": 1_000_000, "mila": 1_000},
        joined="mila",
        link="e",
        also={"ventun": 21},
    ),
    Days(
        weekdays=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
        months=tuple(_MONTHS.split()),
        near={"dopodomani": 2, "domani": 1, "oggi": 0, "ieri": -1},
        feasts={
            "vigilia di natale": (12, 24), "natale": (12, 25), "santo stefano": (12, 26), "san silvestro": (12, 31),
            "capodanno": (1, 1), "epifania": (1, 6), "befana": (1, 6), "san valentino": (2, 14),
            "ferragosto": (8, 15), "halloween": (10, 31), "ognissanti": (11, 1), "festa della liberazione": (4, 25),
            "primo maggio": (5, 1), "festa della repubblica": (6, 2),
        },
        easter={"pasqua": 0, "pasquetta": 1, "venerdì santo": -2},
        lead=r"il|la|l'|lo|per|questo|questa",
        ordinals=((r"\bprimo (?!maggio$)(?=di |[a-z]+)", "1 "),),
        weekday=r"(?:prossimo |prossima )?({names})'?(?: prossimo| prossima)?",
        dates=(r"(?P<day>\d{1,2})(?: di)? (?P<month>{months})",),
        year=r"(?: del)?",
        said="{weekday} {day} {month}",
        said_year=" {year}",
        first="primo",
    ),
    Durations(
        units={
            "second": r"second[oi]", "minute": r"minut[oi]", "hour": r"or[ae]", "day": r"giorn[oi]",
            "week": r"settiman[ae]",
        },
        said={
            "second": ("secondo", "secondi"), "minute": ("minuto", "minuti"), "hour": ("ora", "ore"),
            "day": ("giorno", "giorni"), "week": ("settimana", "settimane"),
        },
        link="e",
        lead=r"per|circa|di|da",
        halves=(
            (r"\bmezz'ora\b|\bmezz' ora\b|\bmezza ora\b|\bmezzora\b", "30 minuti"),
            (r"\b3 quarti d' ?ora\b", "45 minuti"),
            (r"\b(?:un|1) quarto d' ?ora\b", "15 minuti"),
            (r"\b(?:un' ?|una? |1 )(ora|settimana|minuto|giorno) e mezz[ao]\b", r"1.5 \1"),
            (r"\b(\d+) (ore|minuti|giorni|settimane) e mezz[ao]\b", r"\1.5 \2"),
            (r"\b(?:un' ?|una? )(ora|minuto|secondo|giorno|settimana)\b", r"1 \1"),
        ),
    ),
    Moments(
        within=r"(?:tra|fra|in) (.+)",
        clock=(
            r"(?:a |per )?(?P<noon>mezzogiorno)|(?:a |per )?(?P<midnight>mezzanotte)",
            rf"{_AT}(?:ore )?(?P<half>\d{{1,2}}|una) e mezz[ao]",
            rf"{_AT}(?:ore )?(?P<past>\d{{1,2}}|una) e (?:un|1) quarto",
            rf"{_AT}(?:ore )?(?P<to>\d{{1,2}}|una) meno (?:un|1) quarto",
            rf"{_AT}(?:ore )?(?P<hour>\d{{1,2}}|una) meno (?P<minutes_to>\d{{1,2}})",
            rf"{_AT}(?:ore )?(?P<hour>\d{{1,2}}|una)(?:(?::|\.| e )(?P<minute>\d{{1,2}}))?",
        ),
        parts={
            r"di mattina|del mattino|stamattina|mattina": Part(9, False),
            r"del pomeriggio|di pomeriggio|oggi pomeriggio|pomeriggio": Part(15, True),
            r"di sera|della sera|stasera|sera": Part(20, True),
            r"stanotte|di notte": Part(23, True),
        },
        today=r"stamattina|oggi pomeriggio|stasera|stanotte",
        fillers=r"\b(?:di|del|per|verso|il|la|alle)\b|l'",
        edges=r"^(?:il|per|di|,|\s)+\b|[\s,]+(?:alle|,)?\s*$",
        at="alle {clock}",
        at_one="all'{clock}",
        now="Sono le {clock}",
        now_one="È l'{clock}",
        tomorrow="domani {clock}",
        on="{day} {clock}",
    ),
    sums=(
        (r"(?:la )?radice quadrata di (\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"(?:il )?(\d+(?:\.\d+)?) ?(?:per ?(?:cento|100)|%) (?:di|del|su) ?", r"0.01*\1*"),
        (r"\b(?:la )?metà di ", "0.5*"),
        (r"\b(?:un |1 )?terzo di ", "1/3*"),
        (r"\b(?:un |1 )?quarto di ", "0.25*"),
        (r"\b(?:il )?doppio di ", "2*"),
        (r" al quadrato\b", "**2"),
        (r" al cubo\b", "**3"),
        (r" (?:elevato )?alla (?=\d)", "**"),
        (r"\b(?:moltiplicato per|per)\b", "*"),
        (r"\b(?:diviso per|diviso)\b", "/"),
        (r"\bpiù\b", "+"),
        (r"\bmeno\b", "-"),
    ),
    articles=r"il|lo|la|l'|un",
    thousands=".",
    decimal=",",
)  # fmt: skip
