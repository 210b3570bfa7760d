"""What signs, units, money, dates and abbreviations are called, by language: data for `spoken`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Money:
    one: str
    many: str
    cent: str
    cents: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`point`, `group`: the marks of decimals and thousands in writing; `comma`: the decimal mark when spoken.
    `units`: sign → (one, many). `signs` are read wherever they stand; `abbreviations`: what is written → what is said.
    `magnitudes`: words that may stand between a number and its money."""

    point: str
    group: str
    comma: str
    minus: str
    to: str
    dot: str
    at: str
    number: str
    joined_by: str
    """between dollars and cents, hours and minutes"""
    hour: str
    """after a whole hour; empty where the bare number will do"""
    of_money: str
    """between "million" and the money"""
    months: tuple[str, ...]
    degrees: Mapping[str, str]
    money: Mapping[str, Money]
    units: Mapping[str, tuple[str, str]]
    signs: Mapping[str, str]
    abbreviations: Mapping[str, str]
    magnitudes: tuple[str, ...]
    halves: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """denominator → (one, many): "a half", "thirds\""""


def _same(words: str) -> dict[str, tuple[str, str]]:
    """ "km kilometri" pairs of a sign and a word that has one form."""
    parts = words.split()
    return {sign: (word.replace("_", " "),) * 2 for sign, word in zip(parts[::2], parts[1::2], strict=True)}


def _forms(words: str) -> dict[str, tuple[str, str]]:
    """ "km kilometer kilometers" triples of a sign, the one and the many."""
    parts = [part.replace("_", " ") for part in words.split()]
    return {sign: (one, many) for sign, one, many in zip(parts[::3], parts[1::3], parts[2::3], strict=True)}


ENGLISH = Vocabulary(
    point=".", group=",", comma="point", minus="minus", to="to", dot="dot", at="at", number="number",
    joined_by="and", hour="o'clock", of_money="",
    months=tuple(
        "January February March April May June July August September October November December".split()
    ),
    degrees={"": "degrees", "C": "degrees Celsius", "F": "degrees Fahrenheit"},
    money={
        "$": Money("dollar", "dollars", "cent", "cents"), "€": Money("euro", "euros", "cent", "cents"),
        "£": Money("pound", "pounds", "penny", "pence"), "¥": Money("yen", "yen", "sen", "sen"),
        "₹": Money("rupee", "rupees", "paisa", "paise"),
    },
    units=_forms(
        "km/h kilometer_per_hour kilometers_per_hour mph mile_per_hour miles_per_hour m/s meter_per_second"
        " meters_per_second km kilometer kilometers cm centimeter centimeters mm millimeter millimeters m meter meters"
        " kg kilogram kilograms mg milligram milligrams g gram grams lb pound pounds lbs pound pounds oz ounce ounces"
        " ft foot feet mi mile miles ml milliliter milliliters mL milliliter milliliters L liter liters"
        " KB kilobyte kilobytes MB megabyte megabytes GB gigabyte gigabytes TB terabyte terabytes Hz hertz hertz"
        " kHz kilohertz kilohertz MHz megahertz megahertz GHz gigahertz gigahertz kW kilowatt kilowatts W watt watts"
        " kWh kilowatt_hour kilowatt_hours ms millisecond milliseconds min minute minutes hrs hour hours hr hour hours"
        " sec second seconds m² square_meter square_meters km² square_kilometer square_kilometers k thousand thousand"
    ),
    signs={
        "&": "and", "@": "at", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "≈": "about",
        "≤": "at most", "≥": "at least", "≠": "is not", "±": "plus or minus", "√": "the square root of",
        "∞": "infinity",
        "π": "pi", "%": "percent", "§": "section", "<": "less than", ">": "greater than", "^": "to the power of",
    },
    abbreviations={
        "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "Jr.": "Junior",
        "Sr.": "Senior", "St.": "Saint", "Mt.": "Mount", "vs.": "versus", "vs": "versus", "e.g.": "for example",
        "i.e.": "that is", "etc.": "et cetera", "approx.": "approximately", "dept.": "department", "Gov.": "Governor",
        "Gen.": "General", "Sen.": "Senator", "Rep.": "Representative", "Capt.": "Captain", "Lt.": "Lieutenant",
        "No.": "number", "Fig.": "figure", "w/": "with", "w/o": "without", "et al.": "and others", "a.k.a.": "AKA",
        "Jan.": "January", "Feb.": "February", "Aug.": "August", "Sept.": "September", "Oct.": "October",
        "Nov.": "November", "Dec.": "December",
    },
    magnitudes=("thousand", "million", "billion", "trillion"),
    halves={
        2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths"),
        6: ("sixth", "sixths"), 8: ("eighth", "eighths"), 10: ("tenth", "tenths"),
    },
)  # fmt: skip

ITALIAN = Vocabulary(
    point=",", group=".", comma="virgola", minus="meno", to="a", dot="punto", at="chiocciola",
    number="numero", joined_by="e", hour="", of_money="di",
    months=tuple(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split()
    ),
    degrees={"": "gradi", "C": "gradi", "F": "gradi Fahrenheit"},
    money={
        "$": Money("dollaro", "dollari", "centesimo", "centesimi"),
        "€": Money("euro", "euro", "centesimo", "centesimi"),
        "£": Money("sterlina", "sterline", "penny", "pence"), "¥": Money("yen", "yen", "sen", "sen"),
    },
    units=_forms(
        "km/h chilometro_all'ora chilometri_all'ora m/s metro_al_secondo metri_al_secondo km chilometro chilometri"
        " cm centimetro centimetri mm millimetro millimetri m metro metri kg chilo chili mg milligrammo milligrammi"
        " g grammo grammi ml millilitro millilitri l litro litri L litro litri KB kilobyte kilobyte"
        " MB megabyte megabyte GB gigabyte gigabyte TB terabyte terabyte Hz hertz hertz kHz chilohertz chilohertz"
        " MHz megahertz megahertz GHz gigahertz gigahertz kW chilowatt chilowatt W watt watt"
        " kWh chilowattora chilowattora ms millisecondo millisecondi min minuto minuti sec secondo secondi"
        " h ora ore m² metro_quadrato metri_quadrati"
        " km² chilometro_quadrato chilometri_quadrati"
    ),
    signs={
        "&": "e", "@": "chiocciola", "+": "più", "=": "uguale", "×": "per", "÷": "diviso", "≈": "circa",
        "≤": "al massimo", "≥": "almeno", "≠": "diverso da", "±": "più o meno",
        "√": "radice di", "∞": "infinito", "π": "pi greco", "%": "per cento",
        "§": "paragrafo", "<": "minore di", ">": "maggiore di", "^": "alla",
    },
    abbreviations={
        "Sig.": "signor", "sig.": "signor", "Sig.ra": "signora", "sig.ra": "signora", "Dott.": "dottor",
        "dott.": "dottor", "Dott.ssa": "dottoressa", "Dr.": "dottor", "Prof.": "professor", "prof.": "professor",
        "Ing.": "ingegner", "Avv.": "avvocato", "ecc.": "eccetera", "es.": "esempio", "pag.": "pagina", "ca.": "circa",
        "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "tel.": "telefono", "n.": "numero", "art.": "articolo",
    },
    magnitudes=("mila", "milioni", "milione", "miliardi", "miliardo"),
    halves={
        2: ("mezzo", "mezzi"), 3: ("terzo", "terzi"), 4: ("quarto", "quarti"), 5: ("quinto", "quinti"),
        8: ("ottavo", "ottavi"), 10: ("decimo", "decimi"),
    },
)  # fmt: skip

SPANISH = Vocabulary(
    point=",", group=".", comma="coma", minus="menos", to="a", dot="punto", at="arroba",
    number="número", joined_by="y", hour="", of_money="de",
    months=tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()),
    degrees={"": "grados", "C": "grados", "F": "grados Fahrenheit"},
    money={
        "$": Money("dólar", "dólares", "centavo", "centavos"), "€": Money("euro", "euros", "céntimo", "céntimos"),
        "£": Money("libra", "libras", "penique", "peniques"),
    },
    units=_same(
        "km/h kilómetros_por_hora km kilómetros cm centímetros mm milímetros m metros kg kilos g gramos l litros"
        " L litros ml mililitros MB megabytes GB gigabytes min minutos h horas"
    ),
    signs={"&": "y", "@": "arroba", "+": "más", "=": "igual a", "×": "por", "÷": "entre", "%": "por ciento"},
    abbreviations={
        "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Dr.": "doctor", "Dra.": "doctora", "Ud.": "usted",
        "Uds.": "ustedes", "etc.": "etcétera", "p. ej.": "por ejemplo", "EE. UU.": "Estados Unidos",
    },
    magnitudes=("mil", "millón", "millones"),
)  # fmt: skip

FRENCH = Vocabulary(
    point=",", group="\u202f", comma="virgule", minus="moins", to="à", dot="point", at="arobase",
    number="numéro", joined_by="et", hour="heures", of_money="de",
    months=tuple("janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()),
    degrees={"": "degrés", "C": "degrés", "F": "degrés Fahrenheit"},
    money={
        "$": Money("dollar", "dollars", "cent", "cents"), "€": Money("euro", "euros", "centime", "centimes"),
        "£": Money("livre", "livres", "penny", "pence"),
    },
    units=_same(
        "km/h kilomètres_à_l'heure km kilomètres cm centimètres mm millimètres m mètres kg kilos g grammes l litres"
        " L litres ml millilitres Mo mégaoctets Go gigaoctets min minutes h heures"
    ),
    signs={"&": "et", "@": "arobase", "+": "plus", "=": "égale", "×": "fois", "÷": "divisé par", "%": "pour cent"},
    abbreviations={
        "M.": "monsieur", "Mme": "madame", "Mlle": "mademoiselle", "Dr": "docteur", "etc.": "et cetera",
        "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "env.": "environ",
    },
    magnitudes=("mille", "million", "millions", "milliard", "milliards"),
)  # fmt: skip

PORTUGUESE = Vocabulary(
    point=",", group=".", comma="vírgula", minus="menos", to="a", dot="ponto", at="arroba",
    number="número", joined_by="e", hour="horas", of_money="de",
    months=tuple("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()),
    degrees={"": "graus", "C": "graus", "F": "graus Fahrenheit"},
    money={
        "R$": Money("real", "reais", "centavo", "centavos"), "$": Money("dólar", "dólares", "centavo", "centavos"),
        "€": Money("euro", "euros", "cêntimo", "cêntimos"), "£": Money("libra", "libras", "pêni", "pence"),
    },
    units=_same(
        "km/h quilômetros_por_hora km quilômetros cm centímetros mm milímetros m metros kg quilos g gramas l litros"
        " L litros ml mililitros MB megabytes GB gigabytes min minutos h horas"
    ),
    signs={"&": "e", "@": "arroba", "+": "mais", "=": "igual a", "×": "vezes", "÷": "dividido por", "%": "por cento"},
    abbreviations={
        "Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora", "etc.": "etcétera",
        "p. ex.": "por exemplo",
    },
    magnitudes=("mil", "milhão", "milhões", "bilhão", "bilhões"),
)  # fmt: skip

GERMAN = Vocabulary(
    point=",", group=".", comma="Komma", minus="minus", to="bis", dot="Punkt", at="ät",
    number="Nummer", joined_by="und", hour="Uhr", of_money="",
    months=tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()),
    degrees={"": "Grad", "C": "Grad", "F": "Grad Fahrenheit"},
    money={
        "$": Money("Dollar", "Dollar", "Cent", "Cent"), "€": Money("Euro", "Euro", "Cent", "Cent"),
        "£": Money("Pfund", "Pfund", "Penny", "Pence"),
    },
    units=_same(
        "km/h Stundenkilometer km Kilometer cm Zentimeter mm Millimeter m Meter kg Kilo g Gramm l Liter L Liter"
        " ml Milliliter MB Megabyte GB Gigabyte min Minuten h Stunden"
    ),
    signs={"&": "und", "@": "ät", "+": "plus", "=": "gleich", "×": "mal", "÷": "geteilt durch", "%": "Prozent"},
    abbreviations={
        "Dr.": "Doktor", "z.B.": "zum Beispiel", "z. B.": "zum Beispiel", "d.h.": "das heißt", "usw.": "und so weiter",
        "bzw.": "beziehungsweise", "ca.": "circa", "Nr.": "Nummer", "Str.": "Straße",
    },
    magnitudes=("Tausend", "Million", "Millionen", "Milliarde", "Milliarden"),
)  # fmt: skip

VOCABULARIES: Mapping[str, Vocabulary] = {
    "en": ENGLISH, "it": ITALIAN, "es": SPANISH, "fr": FRENCH, "pt": PORTUGUESE, "de": GERMAN,
}  # fmt: skip
