"""Words that say nothing of what a talk is about, in five languages. Pure.

`LINKS` may stand within a title ("Letter to the landlord"), `SMALL` not; `FRAMES` ask, greet, thank and the like:
they stand round what somebody wants rather than name it.
"""

LINKS = {
    "en": frozenset(
        "of in to for at from with without between on about by and the a an my his her our their into per vs".split()
    ),
    "it": frozenset(
        "di del dello della dell dei degli delle a al allo alla all ai agli alle da dal dalla dall in nel nello "
        "nella nell nei negli nelle su sul sulla sui sulle con senza tra fra per e il lo la l i gli le un uno una "
        "d".split()
    ),
    "de": frozenset(
        "von vom zu zum zur in im ins an am auf aus bei mit ohne für gegen über unter vor nach durch zwischen und "
        "der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner".split()
    ),
    "es": frozenset(
        "de del a al en con sin por para entre sobre hacia y e el la los las un una unos unas mi mis".split()
    ),
    "fr": frozenset(
        "de du des d à au aux en dans sur sous avec sans pour par entre et le la les l un une mon ma mes chez".split()
    ),
}

SMALL = {
    "en": frozenset(
        "i you he she it we they me him us them your its this that these those what which who whom whose when "
        "where why how is are was were be been am do does did have has had can could will would shall should may "
        "might must not no yes or but if then than so as there here some any all more most much many very too "
        "also just only don t s re ve ll m d isn doesn didn won let one ones up out off over again ever even "
        "still yet now today really got get gets because while until both each every other another such own same "
        "after before during against i'd it's what's doesn't isn't don't can't didn't won't i'm i've".split()
    ),
    "it": frozenset(
        "io tu lui lei noi voi loro mi ti ci vi si me te ne lo li che chi cui cosa come dove quando perché quale "
        "quali quanto quanta quanti quante è sono sei siamo siete era erano ero essere stato stata ho hai ha "
        "abbiamo avete hanno avere aveva non no sì o ma se anche più meno molto molta poco tanto tutto tutti "
        "tutta tutte ogni qualche questo questa questi queste quello quella quelli quelle qui qua lì là poi già "
        "ancora sempre mai solo oggi adesso ora suo sua suoi sue mio mia miei mie tuo tua tuoi tue nostro nostra "
        "allora però quindi così po c cos com quest quell devo deve devono può possono faccio fa fanno vado va "
        "dopo prima mentre durante fatto".split()
    ),
    "de": frozenset(
        "ich du er sie es wir ihr mich dich ihn uns euch mir dir ihm ihnen sich wer was wie wo wann warum wieso "
        "weshalb welche welcher welches welchen welchem ist sind war waren bin bist sein wird werden wurde habe "
        "hast hat haben hatte hätte nicht kein keine keinen ja nein oder aber wenn dann als so auch mehr sehr "
        "viel viele alle alles dass ob da dort hier noch schon immer nie nur heute jetzt mal doch denn man dein "
        "deine deinen unser unsere ihre seine soll sollte muss müssen darf nach während damit weil um etwas bis "
        "diese dieser dieses diesen wäre würde gerade eigentlich".split()
    ),
    "es": frozenset(
        "yo tú él ella nosotros ellos ellas me te se nos os lo le les que qué quién quiénes cuál cuáles cómo "
        "dónde cuándo cuánto cuánta cuántos cuántas porque es son era eran soy eres somos ser está están estoy "
        "estaba fue he has ha hemos han haber había no sí o pero si también más menos muy mucho mucha poco todo "
        "todos toda todas cada algún alguna este esta estos estas ese esa eso esto aquí allí ya aún siempre nunca "
        "solo sólo hoy ahora su sus tu tus nuestro nuestra entonces así debo debe tengo tiene tienen hay hago "
        "hace después antes mientras durante como cuando donde voy va".split()
    ),
    "fr": frozenset(
        "je tu il elle on nous vous ils elles me te se lui leur y que qui quoi dont où quand comment pourquoi "
        "quel quelle quels quelles combien est sont était étaient suis es sommes êtes être ai as a avons avez ont "
        "avoir avait ne n pas non oui ou mais si aussi plus moins très beaucoup peu tout tous toute toutes chaque "
        "ce cet cette ces ça c j s t m qu là ici déjà encore toujours jamais seulement aujourd hui maintenant son "
        "sa ses ton ta tes notre nos votre vos leurs alors donc dois doit doivent faut fait font vais va vont "
        "après avant pendant comme parce lorsque bien est-ce".split()
    ),
}

FRAMES = {
    "en": frozenset(
        "please thanks thank hello hi hey good morning evening afternoon want wants need needs like help helps "
        "tell know explain write make give show find think say mean means ask question could can would wonder "
        "wondering looking look try trying best way ways thing things something anything someone sure okay ok "
        "well actually maybe lot bit kind talk create suggest recommend idea ideas figure going go come us let's "
        "does work works happen happens use keep keeps prepare plan summarize summarise translate compare set "
        "remind start doing".split()
    ),
    "it": frozenset(
        "grazie prego ciao salve buongiorno buonasera per favore piacere voglio vorrei aiuti aiutami aiutare "
        "aiuto dimmi dirmi sai spiega spieghi spiegarmi mostri insegni insegnami spiegami spiegare scrivi "
        "scrivere scrivimi fai fare dammi darmi mostra mostrami trova pensi dici dire significa vuol potresti "
        "puoi posso possiamo cerco cercando provo modo modi cose qualcosa qualcuno certo bene ok forse parlami "
        "parlare raccontami racconta consigli consigliami consiglia consiglio idea idee succede funziona "
        "funzionano serve domanda preparare prepara organizza organizzare tradurre traduci riassumi confronta "
        "imposta ricordami preparo migliore scegliere capire".split()
    ),
    "de": frozenset(
        "bitte danke hallo hi guten tag morgen abend will möchte brauche hilf helfen hilfst hilfe sag sagen weißt "
        "erkläre erklär erklären schreib schreibe schreiben mach machen gib geben zeig zeigen finde finden denkst "
        "meinst bedeutet kannst könntest kann können könnte suche versuche weg art dinge etwas jemand sicher okay "
        "gut vielleicht erzähl erzähle erzählen empfehlen empfiehlst empfiehl vorschlagen idee ideen passiert "
        "funktioniert funktionieren geht frage beste besten bester am planen plane übersetze übersetzen "
        "vergleiche vergleichen stell stelle erinnere vorbereiten mache gibt kommt tun lassen lerne lernen".split()
    ),
    "es": frozenset(
        "por favor gracias hola buenos buenas días tardes noches quiero quisiera querría necesito ayúdame "
        "ayudarme ayudas ayuda dime decirme sabes explica explícame explicar escribe escribir escríbeme haz hacer "
        "hazme dame darme muéstrame muestra encuentra piensas crees decir significa puedes podrías puedo podemos "
        "busco buscando intento manera forma cosas algo alguien claro bien vale quizás háblame hablar cuéntame "
        "cuenta recomienda recomiéndame recomiendas recomendar consejo consejos idea ideas pasa ocurre funciona "
        "funcionan sirve pregunta mejor preparar planear planificar organizar traduce traducir resume compara pon "
        "recuérdame elegir entender preparo".split()
    ),
    "fr": frozenset(
        "s'il plaît merci bonjour salut bonsoir veux voudrais aimerais besoin aide aider aidez aidez-moi aide-moi "
        "dis dis-moi dire sais savoir explique explique-moi expliquer écris écris-moi écrire fais faire donne "
        "donne-moi donner montre montre-moi trouve trouver penses pense veut signifie peux peut pourrais pouvez "
        "pourriez cherche cherchant essaie façon manière choses quelque chose quelqu'un sûr d'accord ok peut-être "
        "parle parle-moi parler raconte raconte-moi conseille conseilles recommande recommandes conseil conseils "
        "idée idées passe arrive fonctionne fonctionnent sert question meilleur meilleure préparer prévoir "
        "organiser traduis traduire résume compare mets rappelle-moi choisir comprendre mieux rédiger".split()
    ),
}
POSSESSIVE = frozenset(
    "ma mein meine meinem meinen meiner mes mi mia mie miei mio mis mon my nos nostra nostro notre nuestra "
    "nuestro our unser unsere unseren".split()
)
"""What somebody has is what they talk of."""
