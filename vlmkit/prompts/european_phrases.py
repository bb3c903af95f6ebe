"""How models decline, and miss the picture, in further languages of Europe."""

from __future__ import annotations

from vlmkit.prompts.phrases import language

__all__ = ["EUROPEAN_LANGUAGES"]

_UKRAINIAN = language(
    hints="не можу|не бачу|на жаль|вибач|зображен|фото|змушен|перепрошу|не вдалося|відмовля",
    unable=r"\bне (?:можу|зможу|міг би|могла б|маю (?:можливості|права)|здат\w+|в змозі|буду|вмію)|неможливо"
    r"|відмов\w+",
    works=r"допом\w+|опис\w+|відповід\w+|надати|надавати|обробити|аналіз\w+|викон\w+|комент\w+|прохан\w+|запит\w*"
    r"|продовж\w+|обговор\w+|зробити",
    identify=r"ідентифік\w+|розпізна\w+|впізна\w+|встанов\w+|визнач\w+|назвати",
    people=r"\bлюд\w+|\bособ\w+|облич\w+|\bхто\b|кого",
    negation=r"\bне\b|\bнема\w*|\bжодн\w+|\bбез\b|відсутн\w+|лише",
    see=r"бач\w+|побач\w+|знайш\w+|отрима\w+|прикріп\w+|завантаж\w+|надісла\w+|дода\w+|доступ\w*|відкри\w+"
    r"|текст\w*",
    image=r"зображен\w+|фото\w*|картин\w+|світлин\w+|файл\w*",
    elsewhere=r"на (?:цьому )?(?:зображенні|фото|картинці|світлині)|стін|стол|чітк|видно",
    upload=r"(?:будь ласка|чи могли б|можете|якщо|спробуйте)\b.*(?:завантаж\w+|надішл\w+|надісл\w+|прикріп\w+"
    r"|дода\w+)"
    r"|(?:завантажте|надішліть|прикріпіть|додайте)",
    talks=r"\bя\b|\bмені\b|\bви\b|\bвам\b|\bваш\w*|вибач\w+|перепрошую|на жаль|дякую|будь ласка|політик\w+"
    r"|правил\w+",
    shows=r"(?:зображення|фото|картинка|світлина) (?:показує|містить)|видно|\bя бачу (?!жодн)",
    offers=r"сподіваюс\w+|якщо (?:вам|ви|потрібно)|чи (?:хочете|бажаєте|можу)|дайте знати|чим (?:я )?можу",
    turns=r"\b(?:але|однак|проте|хоча)\b",
    me=r"\bя\b|\bмені\b|вибач|перепрош|жаль|^не |мене|\bможу\b",
    is_latin=False,
)
_GREEK = language(
    hints="δεν |λυπάμαι|λυπούμαι|δυστυχώς|συγγνώμη|εικόνα|φωτογραφία|αρνηθώ|αδυνατώ|αρνούμαι",
    unable=r"δεν (?:μπορώ|θα μπορέσω|μπορούσα|είμαι σε θέση|είναι δυνατόν?|επιτρέπεται|μου επιτρέπεται|έχω)|αδυνατώ"
    r"|αρνηθώ|αρνούμαι|αδύνατο",
    works=r"βοηθήσω|βοήθεια|περιγρ\w+|απαντήσω|παρέχω|παράσχω|επεξεργ\w+|αναλύσω|σχολιάσω|αίτημα\w*|συνεχίσω"
    r"|κάνω αυτό"
    r"|εκτελέσω|ικανοποιήσω",
    identify=r"αναγνωρίσω|ταυτοποιήσω|ταυτοποίη\w+|προσδιορίσω|αποκαλύψω",
    people=r"πρόσωπ\w+|άτομ\w+|ανθρώπ\w+|άνθρωπ\w+|ποιος|ποια|ταυτότητα",
    negation=r"\bδεν\b|καμία|καμιά|κανένα|χωρίς|λείπει|μόνο",
    see=r"βλέπω|δω\b|βρίσκω|έλαβα|λάβει|συνημμέν\w+|επισυνα\w+|ανέβη\w*|ανεβ\w+|φορτώ\w+|στείλει|πρόσβαση"
    r"|ανοίξω|κείμενο"
    r"|υπάρχει",
    image=r"εικόν\w+|φωτογραφί\w+|αρχεί\w+",
    elsewhere=r"στην (?:εικόνα|φωτογραφία)|τοίχο|τραπέζι|καθαρά|δείχνει",
    upload=r"(?:παρακαλώ|μπορείτε|μπορείς|αν\b|δοκιμάστε)\b.*(?:ανεβά\w+|στείλ\w+|επισυνάψ\w+|μοιρ\w+)"
    r"|(?:στείλτε|ανεβάστε|επισυνάψτε)",
    talks=r"λυπάμαι|δυστυχώς|συγγνώμη|παρακαλώ|ευχαριστώ|\bσας\b|\bσου\b|\bμου\b|αίτημα|κανόν\w+|πολιτικ\w+",
    shows=r"(?:εικόνα|φωτογραφία) (?:δείχνει|παρουσιάζει|περιέχει)|φαίν(?:εται|ονται) (?:ένα|μια|δύο)"
    r"|\bβλέπω (?!καμ|καν)",
    offers=r"ελπίζω|αν (?:θέλετε|χρειάζεστε|έχετε)|θα θέλατε|πείτε μου|ενημερώστε με|πώς μπορώ",
    turns=r"\b(?:αλλά|όμως|ωστόσο|αν και)\b",
    is_latin=False,
)
_ROMANIAN = language(
    hints="îmi pare|nu pot|nu văd|din păcate|imagin|fotografi|refuz|nu am voie|scuze|nu sunt|imposibil|regret",
    unable=r"\bnu (?:(?:vă|te|îl|o|le|îi) )?(?:pot|voi putea|aș putea|sunt (?:în măsură|capabil\w*|autorizat\w*"
    r"|programat\w*)"
    r"|este posibil|am voie|am permisiunea|am capacitatea|mi se permite|îmi este permis)|(?:trebuie"
    r"|sunt nevoit\w*) să refuz"
    r"|refuz să|imposibil",
    works=r"ajut\w*|asist\w*|descri\w+|ofer\w*|furniz\w+|răspun\w+|proces\w+|analiz\w+|coment\w+|continu\w+"
    r"|îndeplin\w+"
    r"|fac (?:asta|acest)|solicit\w+|cerere\w*|refuz\b",
    identify=r"identific\w*|recunosc\w*|recunoaș\w+|numesc|dezvălui",
    people=r"persoan\w+|oameni\w*|chip\w*|fețe\w*|cine\b|identitat\w+|individ\w*",
    negation=r"\bnu\b|\bnicio?\b|\bfără\b|lips\w+|doar",
    see=r"\bvăd\b|\bvede\w*|găses\w+|primit\w*|atașa\w+|încărca\w*|trimi\w+|inclu\w+|acces\w*|deschid\w*|text\w*",
    image=r"imagin\w+|fotografi\w+|\bpoz[ăae]\w*|fișier\w*",
    elsewhere=r"(?:în|pe) (?:această )?(?:imagine|fotografie)|perete|\bmasă\b|clar\b|arată|se vede",
    upload=r"(?:vă rog|te rog|puteți|poți|ai putea|dacă|încercați)\b.*(?:încăr\w+|trimi\w+|atașa\w+|retrimi\w+"
    r"|adăug\w+)"
    r"|^(?:încărcați|trimiteți|atașați)",
    talks=r"îmi pare rău|din păcate|vă rog|te rog|mulțumesc|scuze|\bpot\b|\bvă\b|politic\w+|reguli\w*"
    r"|solicitare|cerere",
    shows=r"(?:imaginea|fotografia) (?:arată|prezintă|conține)|se (?:vede|văd)|\bvăd (?!nici)",
    offers=r"sper că|dacă (?:doriți|vrei|aveți|ai)|doriți|spuneți-mi|cum (?:te|vă) pot",
    turns=r"dar|însă|totuși|deși",
)
_SWEDISH = language(
    hints="tyvärr|jag |förlåt|beklagar|bilden|bild|ledsen|jeg |beklager|desværre|billede|bilde",
    unable=r"\b(?:kan|får|kunde|vill|kommer|må|kan) (?:jag |jeg )?(?:tyvärr |dessvärre |desværre "
    r"|dessverre )?(?:inte|ikke)"
    r"|\b(?:inte|ikke) (?:möjligt|muligt|mulig|kapabel|i stand)|måste (?:tyvärr )?(?:avböja|neka|avstå)|(?:jag"
    r"|jeg) (?:vägrar"
    r"|nægter|nekter)|må (?:jeg )?(?:afvise|afslå|avslå)|omöjligt",
    works=r"hjälp\w*|hjælp\w*|hjelp\w*|assister\w*|beskriv\w*|svar\w*|bearbet\w+|analyser\w*|kommenter\w*|förfrågan"
    r"|begäran|forespørs\w+|anmodning|avböja|utför\w*|udfør\w*|fortsätt\w*|tillhandahåll\w*",
    identify=r"identifier\w*|känna igen|genkend\w*|gjenkjen\w*|namnge",
    people=r"person\w*|människ\w+|ansikt\w+|\bvem\b|\bhvem\b|identitet\w*",
    negation=r"\binte\b|\bikke\b|\bingen\b|\binget\b|\bintet\b|utan\b|uden\b|saknas|bara",
    see=r"\bser\b|\bse\b|hitta\w*|bifog\w+|vedhæft\w*|vedlagt|ladda\w*|uploadet|lastet|mottag\w+|modtag\w+"
    r"|skicka\w*|sendt"
    r"|tillgång|adgang|öppna\w*|åbne\w*|text\w*",
    image=r"\bbild(?:en|er|erna)?\b|\bfoton?\b|fotot|fotografi\w*|\bbilled\w+|\bbilder?\b|fil(?:en)?\b",
    elsewhere=r"(?:på|i) (?:den här |dette )?(?:bilden|fotot|billedet|bildet)|vägg|bordet|tydlig|visar|viser|skylt",
    upload=r"(?:kan du|kan ni|vänligen|snälla|om du|prova|gärna|venligst|vennligst)\b.*(?:skicka\w*|ladda\w*"
    r"|bifoga\w*|dela\w*"
    r"|send\w*|upload\w*|vedhæft\w*|last\w*)|^(?:ladda|skicka|bifoga|upload|send)\b",
    talks=r"\bjag\b|\bmig\b|\bdu\b|\bdig\b|\bditt?\b|\bjeg\b|tyvärr|förlåt|beklag\w+|ledsen|tack\b|policy"
    r"|riktlinj\w+|begäran"
    r"|förfrågan",
    shows=r"(?:bilden|fotot|billedet|bildet) (?:visar|viser|föreställer)|syns\b|(?:jag|jeg) (?:ser|kan se) (?!ing)",
    offers=r"hoppas|om du (?:vill|behöver|har)|vill du|säg till|hör av dig|kan jag hjälpa",
    turns=r"dock|även om",
    me=r"\bjag\b|\bjeg\b|tyvärr|förlåt|beklag|ledsen|desværre|dessverre",
)
_CZECH = language(
    hints="nemohu|nemůžu|nevidím|bohužel|omlouvám|obráz|fotograf|odmítn|odmiet|nedokážu|nemôžem|ľutujem|lituji"
    "|není možné",
    unable=r"\bne(?:mohu|můžu|mohl\w* bych|dokážu|umím|smím|jsem schop\w+|ní možné|ní mi dovoleno|hodlám|môžem"
    r"|dokážem|smiem)"
    r"|musím (?:\w+ )?odm[ií]\w+|odmítám|nemožné",
    works=r"pomo\w+|asist\w+|popsat|popis\w*|popís\w+|odpov[ěe]\w+|poskytn\w+|zprac\w+|analyz\w+|koment\w+"
    r"|vyhov\w+|splnit"
    r"|udělat|pokračovat|požadav\w+|žádost\w*|odmítnout|odmietnuť",
    identify=r"identifik\w+|rozpozn\w+|určit|pojmenovat|určiť",
    people=r"osob\w*|lid[íéi]\w*|ľud\w+|tvář\w*|obličej\w*|\bkdo\b|\bkto\b|totožnost\w*",
    negation=r"\bne\w+|\bžádn\w+|\bžiadn\w+|chybí|\bbez\b|jen\b|pouze",
    see=r"vid\w+|nevid\w+|naj\w+|nenaš\w+|obdrž\w+|přilož\w+|prilož\w+|nahrá\w+|nenahr\w+|posla\w+|načt\w+"
    r"|nenačt\w+"
    r"|přístup\w*|otevř\w+|text\w*|připoj\w+",
    image=r"obráz\w+|obrázk\w+|fotografi\w+|fotk\w+|foto\b|sním\w+|soubor\w*",
    elsewhere=r"na (?:tomto |této )?(?:obrázku|fotografii|fotce|snímku)|stěn|stole|jasně|zobrazuje|vidět",
    upload=r"(?:prosím|můžete|mohli byste|pokud|zkuste)\b.*(?:nahr\w+|pošl\w+|přilož\w+|poslat|sdíl\w+)"
    r"|(?:pošlete|nahrajte|přiložte|pošlite)",
    talks=r"omlouvám|bohužel|prosím|děkuji|\bvám\b|\bmohu\b|\bvaš\w+|zásad\w+|pravid\w+|lituji|je mi líto"
    r"|požadav\w+|žádost\w*",
    shows=r"(?:obrázek|fotografie|snímek) (?:ukazuje|zobrazuje|zachycuje)|je vidět|\bvidím (?!žádn)",
    offers=r"doufám|pokud (?:potřebujete|chcete|máte)|dejte (?:mi )?vědět|chcete|mohu (?:vám )?(?:ještě|nějak)"
    r"|jak (?:vám )?mohu",
    turns=r"ale|avšak|však|přesto|ačkoli",
)
_HUNGARIAN = language(
    hints="sajnál|elnézést|sajnos|nem tud|nem lát|nem áll|kép|fénykép|bocsánat|vissza kell|nem azonosít|megtagad",
    unable=r"\bnem (?:tudo[km]|tudnám|áll módomban|lehetséges|vagyok képes|szabad|fogok|tehet\w+|segíthetek)"
    r"|\bnem (?=\w+h(?:ato[km]|ete[km])\b)"
    r"|vissza kell utasít\w+|visszautasít\w+|megtagad\w+|képtelen",
    works=r"segít\w+|leír\w+|válasz\w+|feldolgoz\w+|elemez\w+|teljesít\w+|komment\w+|megad\w+|kérés\w*"
    r"|kérdés\w*|folytat\w+"
    r"|utasít\w+|nyújt\w+",
    identify=r"azonosít\w+|felismer\w+|megnevez\w+",
    people=r"személy\w*|ember\w*|arc\w*|\bkik?\b|kilét\w*",
    negation=r"\bnem\b|\bnincs\w*|\bsemm\w+|hiány\w+|nélkül|csak",
    see=r"lát\w+|talál\w+|csatol\w+|feltölt\w+|töltő\w+|kapt\w+|küld\w+|mellékel\w+|hozzáfér\w+|megnyit\w+"
    r"|szöveg\w*",
    image=r"\bkép(?:et|ek|eket|e|re|hez)?\b|fénykép\w*|fotó\w*|fájl\w*",
    elsewhere=r"(?:a|ezen a) (?:képen|fényképen|fotón)|falon|asztal|tisztán|látható|mutat",
    upload=r"(?:kérem|kérlek|tudná|ha\b|próbálja)\b.*(?:tölts\w+|küld\w+|csatol\w+|oszd\w+|mellékel\w+)"
    r"|(?:küldje|töltse|csatolja)",
    talks=r"úgy tűnik|sajnál\w+|elnézést|sajnos|kérem|köszön\w+|\bön\w*\b|irányelv\w*|szabályzat\w*|kérés\w*"
    r"|vagyok\b|bocsánat",
    shows=r"(?:kép|fénykép|fotó) (?:mutat\w*|ábrázol\w*)|látható\b|\blátok egy",
    offers=r"remélem|ha (?:szeretné|kell|van|további)|szeretné|szóljon|jelezze|miben segíthetek",
    turns=r"azonban|viszont|ugyanakkor",
)

EUROPEAN_LANGUAGES = (_UKRAINIAN, _GREEK, _ROMANIAN, _SWEDISH, _CZECH, _HUNGARIAN)
"""In the order in which they are tried."""
