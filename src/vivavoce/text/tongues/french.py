"""French."""

from vivavoce.text.tongues.tongue import Days, Durations, Moments, Numerals, Part, Tongue

_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_AT = r"(?:(?:pour |vers |à partir de )?à |vers |pour )"
_HOURS = r" ?(?:heures?|h)"

FRENCH = Tongue(
    "fr",
    Numerals(
        point="virgule",
        figure=r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?",
        grouped=r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:,\d+)?",
        ones=frozenset(("un", "une")),
        powers={"mille": 1_000, "million": 1_000_000, "millions": 1_000_000},
        also={"septante": 70, "huitante": 80, "octante": 80, "nonante": 90, "une": 1},
    ),
    Days(
        weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        months=tuple(_MONTHS.split()),
        near={"après demain": 2, "demain": 1, "aujourd'hui": 0, "hier": -1, "avant hier": -2},
        feasts={
            "réveillon de noël": (12, 24), "la veille de noël": (12, 24), "noël": (12, 25), "saint sylvestre": (12, 31),
            "réveillon": (12, 31), "nouvel an": (1, 1), "jour de l'an": (1, 1), "épiphanie": (1, 6),
            "saint valentin": (2, 14), "halloween": (10, 31), "toussaint": (11, 1), "fête nationale": (7, 14),
            "fête du travail": (5, 1), "armistice": (11, 11), "assomption": (8, 15), "chandeleur": (2, 2),
        },
        easter={"pâques": 0, "dimanche de pâques": 0, "vendredi saint": -2, "lundi de pâques": 1, "ascension": 39,
                "pentecôte": 49, "mardi gras": -47},
        lead=r"le|la|l'|les|au|à|pour|ce|cette",
        ordinals=((r"\bpremier\b|\b1er\b", "1"),),
        weekday=r"(?:prochain )?({names})(?: prochain)?",
        dates=(r"(?P<day>\d{1,2}) (?P<month>{months})",),
        year=r"(?: de| en)?",
        said="{weekday} {day} {month}",
        said_year=" {year}",
        first="1er",
    ),
    Durations(
        units={
            "second": r"(?:secondes?|sec)", "minute": r"(?:minutes?|min)", "hour": r"(?:heures?|h)", "day": r"jours?",
            "week": r"semaines?",
        },
        said={
            "second": ("seconde", "secondes"), "minute": ("minute", "minutes"), "hour": ("heure", "heures"),
            "day": ("jour", "jours"), "week": ("semaine", "semaines"),
        },
        link="et",
        lead=r"de|pour|pendant|environ",
        halves=(
            (r"\b3 quarts d'heure\b", "45 minutes"),
            (r"\b(?:1 )?quart d'heure\b", "15 minutes"),
            (r"\b1 (heure|semaine|minute|jour) et demie?\b", r"1.5 \1"),
            (r"\b(\d+) (heures|minutes|jours|semaines) et demie?\b", r"\1.5 \2"),
            (r"\b(\d+) (heures?) et quart\b", r"\1.25 \2"),
            (r"\b(?:1 )?demi heure\b", "30 minutes"),
            (r"\b(?:1 )?demi journée\b", "12 heures"),
            (r"\b(\d+) ?(?:heures?|h) ?(\d{1,2})$", r"\1 heures \2 minutes"),
        ),
    ),
    Moments(
        within=r"(?:dans|d'ici) (.+)",
        clock=(
            r"(?<!après )(?:à |pour |vers )?(?P<noon>midi)|(?:à |pour |vers )?(?P<midnight>minuit)",
            rf"{_AT}(?P<half>\d{{1,2}}){_HOURS} et demie?",
            rf"{_AT}(?P<past>\d{{1,2}}){_HOURS} et quart",
            rf"{_AT}(?P<to>\d{{1,2}}){_HOURS} moins (?:le )?quart",
            rf"{_AT}(?P<hour>\d{{1,2}}){_HOURS} moins (?P<minutes_to>\d{{1,2}})",
            rf"{_AT}(?P<hour>\d{{1,2}})(?:{_HOURS} ?(?P<minute>\d{{1,2}})?|:(?P<minute>\d{{2}}))",
        ),
        parts={
            r"du matin|ce matin|le matin|au matin|matin": Part(9, False),
            r"de l'après midi|cet après midi|l'après midi|après midi": Part(15, True),
            r"du soir|ce soir|le soir|soir": Part(20, True),
            r"cette nuit|de la nuit|dans la nuit": Part(23, True),
        },
        today=r"ce matin|cet après midi|ce soir|cette nuit",
        fillers=r"\b(?:de|du|pour|vers|le|la|à)\b|l'",
        edges=r"^(?:le|pour|de|,|\s)+\b|[\s,]+(?:à|,)?\s*$",
        at="à {clock}",
        now="Il est {clock}",
        tomorrow="demain {clock}",
        on="{day} {clock}",
    ),
    sums=(
        (r"(?:la )?racine carrée de (\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"(\d+(?:\.\d+)?) ?(?:pour ?(?:cent|100)|%) (?:de|sur) ", r"0.01*\1*"),
        (r"\b(?:la )?moitié de ", "0.5*"),
        (r"\b(?:un |1 )?tiers de ", "1/3*"),
        (r"\b(?:un |1 )?quart de ", "0.25*"),
        (r"\b(?:le )?double de ", "2*"),
        (r" au carré\b", "**2"),
        (r" au cube\b", "**3"),
        (r" (?:à la )?puissance (?=\d)", "**"),
        (r"\b(?:multiplié par|fois)\b", "*"),
        (r"\bdivisé par\b", "/"),  # not "sur": "neuf sur dix" is a mark
        (r"\bplus\b", "+"),
        (r"\bmoins\b", "-"),
    ),
    articles=r"le|la|les",
    thousands="\u202f",
    decimal=",",
)  # fmt: skip
