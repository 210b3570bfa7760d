"""Spanish."""

from vivavoce.text.tongues.tongue import Days, Durations, Moments, Numerals, Part, Tongue

_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_AT = r"(?:(?:para |hacia )?(?:a las |a la )|(?:para )?(?:las |la ))"

SPANISH = Tongue(
    "es",
    Numerals(
        point="coma",
        figure=r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?",
        grouped=r"\d{1,3}(?:\.\d{3})+(?:,\d+)?",
        ones=frozenset(("un", "una")),
        powers={"mil": 1_000, "millón": 1_000_000, "millones": 1_000_000},
        also={"ciento": 100, "veintiún": 21, "veintiuna": 21},
    ),
    Days(
        weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        months=tuple(_MONTHS.split()),
        near={"pasado mañana": 2, "mañana": 1, "hoy": 0, "ayer": -1, "anteayer": -2},
        feasts={
            "nochebuena": (12, 24), "navidad": (12, 25), "nochevieja": (12, 31), "fin de año": (12, 31),
            "año nuevo": (1, 1), "reyes": (1, 6), "día de reyes": (1, 6), "san valentín": (2, 14),
            "halloween": (10, 31), "todos los santos": (11, 1), "día de los muertos": (11, 2), "san juan": (6, 24),
            "día de la hispanidad": (10, 12), "día del trabajo": (5, 1),
        },
        easter={"pascua": 0, "domingo de pascua": 0, "viernes santo": -2, "jueves santo": -3, "semana santa": -7},
        lead=r"el día de|el día|el|la|los|para|este|esta|al|a",
        ordinals=((r"\bprimero(?= de )|\b1[ºo°](?= de )", "1"),),
        weekday=r"(?:próximo |este )?({names})(?: próximo| que viene)?",
        dates=(r"(?P<day>\d{1,2}) de (?P<month>{months}|setiembre)",),
        year=r"(?: de| del)?",
        said="{weekday} {day} de {month}",
        said_year=" de {year}",
    ),
    Durations(
        units={
            "second": r"(?:segundos?|seg)", "minute": r"(?:minutos?|min)", "hour": r"horas?", "day": r"días?",
            "week": r"semanas?",
        },
        said={
            "second": ("segundo", "segundos"), "minute": ("minuto", "minutos"), "hour": ("hora", "horas"),
            "day": ("día", "días"), "week": ("semana", "semanas"),
        },
        link="y",
        lead=r"de|por|para|durante|unos|unas",
        halves=(
            (r"\b3 cuartos de hora\b", "45 minutos"),
            (r"\b(?:1 )?cuarto de hora\b", "15 minutos"),
            (r"\b1 (hora|semana|minuto|día) y medi[ao]\b", r"1.5 \1"),
            (r"\b(\d+) (horas|minutos|días|semanas) y medi[ao]\b", r"\1.5 \2"),
            (r"\b(\d+) (horas?) y cuarto\b", r"\1.25 \2"),
            (r"\bhora y media\b", "1.5 hora"),
            (r"\bmedia hora\b", "30 minutos"),
            (r"\bmedio (minuto|día)\b", r"0.5 \1"),
            (r"\b1 par de\b", "2"),
        ),
    ),
    Moments(
        within=r"(?:en|dentro de) (.+)",
        clock=(
            r"(?:a |al |para el )?(?P<noon>mediodía)|(?:a |a la |para la )?(?P<midnight>medianoche)",
            rf"{_AT}(?P<half>\d{{1,2}}) y media",
            rf"{_AT}(?P<past>\d{{1,2}}) y cuarto",
            rf"{_AT}(?P<to>\d{{1,2}}) menos cuarto",
            rf"{_AT}(?P<hour>\d{{1,2}}) menos (?P<minutes_to>\d{{1,2}})",
            rf"{_AT}(?P<hour>\d{{1,2}})(?:(?::|\.| y | )(?P<minute>\d{{1,2}}))?(?: horas| en punto)?",
        ),
        parts={
            r"de la mañana|por la mañana|esta mañana": Part(9, False),
            r"de la tarde|por la tarde|esta tarde|tarde": Part(16, True),
            r"de la noche|por la noche|esta noche|noche": Part(21, True),
            r"de la madrugada|de madrugada": Part(5, False),
        },
        today=r"esta mañana|esta tarde|esta noche",
        fillers=r"\b(?:de|del|para|hacia|el|la|las|a|al)\b",
        edges=r"^(?:el|para|de|,|\s)+\b|[\s,]+(?:a las|a|,)?\s*$",
        at="a las {clock}",
        at_one="a la {clock}",
        now="Son las {clock}",
        now_one="Es la {clock}",
        tomorrow="mañana {clock}",
        on="el {day} {clock}",
    ),
    sums=(
        (r"(?:la )?raíz cuadrada de (\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"(?:el )?(\d+(?:\.\d+)?) ?(?:por ?(?:ciento|cien|100)|%) (?:de|sobre) ", r"0.01*\1*"),
        (r"\b(?:la )?mitad de ", "0.5*"),
        (r"\b(?:un |1 )?tercio de ", "1/3*"),
        (r"\b(?:un |1 )?cuarto de ", "0.25*"),
        (r"\b(?:el )?doble de ", "2*"),
        (r" al cuadrado\b", "**2"),
        (r" al cubo\b", "**3"),
        (r" elevado a (?:la )?(?:potencia de )?(?=\d)", "**"),
        (r"\b(?:multiplicado por|por)\b", "*"),
        (r"\b(?:dividido por|dividido entre|dividido|entre)\b", "/"),
        (r"\bmás\b", "+"),
        (r"\bmenos\b", "-"),
    ),
    articles=r"el|la|los|un",
    thousands=".",
    decimal=",",
)  # fmt: skip
