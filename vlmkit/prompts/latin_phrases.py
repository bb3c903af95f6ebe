"""How models decline, and miss the picture, in languages with Latin letters other than English."""

from __future__ import annotations

from vlmkit.prompts.phrases import language

__all__ = ["LATIN_LANGUAGES"]

_SPANISH = language(
    hints="puedo|podría|podré|lo siento|imagen|imágenes|foto|disculp|lament|imposible|incapaz|me niego|perdón|permit"
    "|capaz|rechaz|declin",
    unable=r"\bno (?:me )?(?:puedo|podr[ée]|podr[ií]a|soy capaz|estoy (?:en condiciones|en posición|autorizad\w"
    r"|programad\w|capacitad\w"
    r"|diseñad\w|dispuest\w)|es posible|voy a|debo|tengo (?:permitido|la capacidad|permiso)|siento c[oó]mod\w"
    r"|está permitido|logro|se me permite"
    r"|me es posible|me siento c[oó]mod\w)|\b(?:debo|tengo que) (?:negarme|declinar|rechazar)|me niego|soy incapaz"
    r"|imposible|\b(?:lament|sient|disculp)\w*[^.]{0,20}? no poder",
    works=r"ayud\w+|asist\w+|describ\w+|descripci\w+|proporcion\w+|ofrec\w+|proces\w+|analiz\w+|respond\w+"
    r"|contest\w+|cumpl\w+|complet\w+|gener\w+"
    r"|brind\w+|coment\w+|continu\w+|hacer (?:eso|esto)|realizar|satisfac\w+|interpret\w+|atender|negarme|declinar"
    r"|rechazar|solicitud",
    identify=r"identific\w+|reconoc\w+|revel\w+|nombrar|decir quién",
    people=r"person\w+|rostro\w*|quién\w*|individu\w+|nadie|gente|identidad\w*|famos\w+|hombre|mujer",
    negation=r"\bno\b|\bning\w+|\bsin\b|falta",
    see=r"\bve[ro]\b|visualiz\w+|encuentr\w+|detect\w+|recib\w+|\bhay\b|adjunt\w+|proporcion\w+|inclu\w+|carg\w+"
    r"|sub\w+|envi\w+|acceso|acceder"
    r"|abrir|aparec\w+|compart\w+|lleg\w+|disponible|solo .{0,20}texto",
    image=r"im[aá]gen(?:es)?|fotos?\b|fotograf\w+|archivos?|capturas?",
    elsewhere=r"en (?:la|esta|una) (?:imagen|foto\w*)|pared|mesa|habitaci|clar(?:a|idad|amente)|n[ií]tid|imagen de\b"
    r"|muestra|cartel|letrero|pantalla|\bdice\b|pone",
    upload=r"(?:por favor|podr[ií]as?|puedes?|puede|necesito|si (?:me )?|vuelv[ae] a)\b.*(?:sub\w+|adjunt\w+"
    r"|env[ií]\w+|proporcion\w+|compart\w+|carg\w+|mand\w+"
    r"|inclu\w+|muestr\w+|pas\w+)|^(?:sub[ae]|súbe\w*|adjunt[ae]|env[ií][ae]\w*|compart[ae])",
    talks=r"por favor|gracias|ayud\w+|disculp\w+|lament\w+|lo siento|perd[oó]n|\bpuedo\b|necesit\w+|pol[ií]tica"
    r"|directrices|normas|privacidad|otra (?:pregunta|cosa|solicitud)"
    r"|en qué|solicitud|\bcomo (?:una? )?(?:ia|modelo|asistente|inteligencia)|gustar[ií]a|\bmis?\b|\btus?\b"
    r"|inapropiad\w+|\bme\b|^hola|encantad\w+",
    shows=r"(?:imagen|foto\w*|escena) (?:muestra|presenta|contiene|parece mostrar)|se (?:ve|ven|aprecia|observa"
    r"|puede ver)\b|puedo (?:ver|decir)",
    offers=r"¿?(?:te|le|os|les) gustar[ií]a|¿?(?:quieres?|desea\w*|necesitas?|hay algo|en qué)|espero que"
    r"|si (?:necesit\w+|quier\w+|dese\w+|tien\w+)|av[ií]s[ae]me|h[aá][gz]\w+ saber"
    r"|no dud\w+|¡?hola\b",
    turns=r"pero|sin embargo|aunque|no obstante",
)
_FRENCH = language(
    hints="je |j'|désolé|aucun|veuillez|impossible|votre|refus|pouvez|pourriez|n'ai|m'est",
    unable=r"\bne (?:me )?(?:peux|puis|pourrai|pourrais|saurais|suis|sens|dispose|souhaite|vais|dois"
    r"|m'est)(?: malheureusement)?\b|pas (?:en mesure|capable|autoris\w+|possible|à l'aise"
    r"|pouvoir)|(?:dois|vois|voir) (?:contraint de |dans l'obligation de )?(?:décliner|refuser)|je refuse|impossible"
    r"|incapable|(?:regrett|désolé)\w*[^.]{0,20}? ne (?:pas )?pouvoir",
    works=r"aid\w+|assist\w+|décri\w+|descripti\w+|fourni\w*|répond\w*|trait\w+|analys\w+|génér\w+|continu\w+"
    r"|comment\w+|faire (?:cela|ça)|satisfai\w+|accompli\w+|particip\w+"
    r"|discut\w+|décliner|refuser|donner suite|demande",
    identify=r"identifi\w+|reconna\w+|révél\w+|nommer|dire qui",
    people=r"personnes?|individu\w*|visages?|qui\b|identité\w*|gens|célébrit\w+|homme|femme",
    negation=r"\bne\b|\bn'|aucune?|\bpas d|sans\b",
    see=r"\by a\b(?=.*(?:message|conversation|demande|joint))|\bvois\b|\bvoir\b|visualis\w+|trouve|reçu\w*|reçois"
    r"|ouvrir|accéder|accès|joint\w*|fourni\w*|télécharg\w+"
    r"|charg\w+|envoy\w+|partag\w+|inclu\w+|affich\w+|détect\w+"
    r"|transmi\w+|que du texte",
    image=r"images?|photos?|photographies?|fichiers?|pièces? jointes?|captures?",
    elsewhere=r"(?:dans|sur) (?:l'|la |cette |une )(?:image|photo)|\bmur\b|\btable\b|claire?ment|nette|image d(?:e"
    r"|u)\b|montre|panneau|écran|indique|\bdit\b|message d'erreur",
    upload=r"(?:veuillez|pourriez|pouvez|peux|pourrais|s'il (?:vous|te)|merci de|j'ai besoin|si (?:vous|tu)"
    r"|essay\w+)\b.*(?:télécharg\w+|renvoy\w+|joindre|envoy\w+|fourni\w*|partag\w+|charg\w+"
    r"|transmett\w+|inclu\w+|import\w+|montr\w+)",
    talks=r"veuillez|merci|désolé|excus\w+|malheureusement|\bje\b|\bj'|\bvous\b|\bvotre\b|\bvos\b|\bmes?\b|\bma\b"
    r"|\bmon\b|règles|politique|directives|vie privée|inappropri\w+"
    r"|en tant qu|s'il|\bpuis-je|^bonjour|demande",
    shows=r"(?:image|photo\w*|scène) (?:montre|présente|représente|contient|semble montrer)|on (?:voit|peut voir"
    r"|distingue|aperçoit)|je (?:vois|peux voir|distingue) (?!aucun|pas)",
    offers=r"n'hésite[sz]?|j'espère|si (?:vous|tu)\b|souhaitez-vous|voulez-vous|veux-tu|dites-moi|faites-moi savoir"
    r"|y a-t-il|puis-je|bonjour\b|comment puis-je",
    turns=r"mais|cependant|toutefois|néanmoins|bien que",
)
_GERMAN = language(
    hints="ich |leider|bild|bitte|kein|mir |foto|tut mir|entschuldig|nicht möglich|verweiger",
    unable=r"\bnicht\b|\bkeine?\w*\b|ablehn\w*|unmöglich|verweiger\w*|außerstande|unterlass\w*|lehne\b",
    works=r"\bhelfen|\bhilfe\b|weiterhelf\w*|behilflich|unterstütz\w+|beschreib\w*|beantwort\w+|bereitstell\w+"
    r"|bereitzustellen|verarbeit\w+|analysier\w+|nachkommen|nachzukommen"
    r"|erfüll\w+|kommentier\w+|fortfahren|äußern|bearbeit\w+|ausführ\w+|entsprechen|ablehn\w*|auskunft|informationen"
    r"|anfrage|behandeln",
    identify=r"identifi\w+|erkenn\w+|benenn\w+|wer .{0,20}ist|preisgeb\w*",
    people=r"person\w*|mensch\w*|gesicht\w*|\bwer\b|identität\w*|leute\w*|individu\w*|prominent\w*|\bmann\b|\bfrau\b",
    negation=r"\bnicht\b|\bkein\w*\b|\bohne\b|fehl\w+|nichts|\bnur\b",
    see=r"\bseh\w+|ansehen|anzeig\w+|angezeigt|angehängt|hochgeladen|hochlad\w+|empfang\w+|erhalten|bereitgestellt"
    r"|\bfinden?\b|öffnen|beigefügt|übermittelt|gesendet|geschickt"
    r"|mitgeschickt|geladen|zugreifen|zugriff|vorhanden|vorlieg\w*|anhang|betracht\w+|wahrnehm\w+|gegeben|\bdabei\b"
    r"|angekommen|enthalten|entdecken|nur .{0,20}text|anschauen|fehl\w+",
    image=r"\bbild(?:er|es|ern|datei\w*)?\b|fotos?\b|fotografie\w*|grafik\w*|datei\w*|anhang|abbildung\w*"
    r"|screenshots?|aufnahmen?",
    elsewhere=r"(?:auf|in) (?:dem|diesem|einem) (?:bild|foto)|im (?:bild|foto)|\bwand\b|\btisch\b|\bklar\b|deutlich"
    r"|scharf|bild (?:von|zeigt)|foto (?:von|zeigt)|schild|bildschirm|steht|meldung",
    upload=r"(?:bitte|könnte\w*|kannst|können sie|brauche|benötige|wenn (?:du|sie)|sobald)\b.*(?:hochlad\w*"
    r"|hochläd\w*|\blade\w*|schick\w*|send\w*|teil\w*|anhäng\w*|bereit|füg\w+|zeig\w*|übermittel\w*)"
    r"|^(?:lade\w*|schick\w*|send\w*)\b",
    talks=r"\bich\b|\bmir\b|\bmein\w*\b|\bsie\b (?:mir|haben|möchten|können)|\bihn?en\b|\bihre?\w*\b|\bdir\b|\bdu\b"
    r"|\bdein\w*\b|bitte|danke|leider|richtlinie\w*|datenschutz|privatsphäre|anfrage"
    r"|entschuldig\w*|tut mir|unangemess\w+|gerne?\b|^hallo|^möchten",
    shows=r"(?:bild|foto|szene) (?:zeigt|ist zu sehen)|(?:zu sehen|erkennbar) (?:ist|sind)|ich (?:sehe|erkenne"
    r"|kann .{0,20}sehen|kann sagen)|(?:zeigt|sieht man)\b",
    offers=r"lass(?:en sie|t)? (?:es )?mich|ich hoffe|möchten sie|möchtest du|soll ich|wenn (?:sie|du)\b"
    r"|falls (?:sie|du)\b|kann ich (?:ihnen|dir)|sagen sie|sag mir|hallo\b|gerne?\b|haben sie",
    turns=r"aber|jedoch|allerdings|obwohl|dennoch|doch",
    me=r"\bich\b|\bmir\b|leider|tut mir|entschuldig|^(?:dabei|das|dies)|nicht möglich|^unmöglich",
)
_PORTUGUESE = language(
    hints="posso|consigo|desculp|imagem|imagens|lament|infeliz|foto|sinto|recus|capaz|impossível|poderei",
    unable=r"\bnão (?:me )?(?:posso|poderei|poderia|consigo|conseguirei|sou capaz|estou (?:autorizad\w|apt\w"
    r"|em condições|program\w+|à vontade|habilitad\w|em posição)|é possível|vou|devo|tenho (?:permissão"
    r"|a capacidade|como)|fui)|\b(?:devo|tenho que|preciso) (?:recusar|declinar)|recuso|sou incapaz|impossível"
    r"|\b(?:lament|sint|desculp)\w*[^.]{0,20}? não poder",
    works=r"ajud\w+|auxili\w+|assist\w+|descrev\w+|descrição|fornec\w+|oferec\w+|process\w+|analis\w+|respond\w+"
    r"|cumpr\w+|complet\w+|ger(?:ar|ad)\w*|coment\w+|continu\w+|fazer (?:isso|isto)"
    r"|realizar|atender|interpret\w+|recusar|declinar|solicitação|pedido",
    identify=r"identific\w+|reconhec\w+|revel\w+|nomear|dizer quem",
    people=r"pesso\w+|rosto\w*|quem\b|indivídu\w+|ninguém|identidade\w*|famos\w+|homem|mulher|celebridad\w+",
    negation=r"\bnão\b|\bnenhum\w*|\bsem\b|nunca|falt\w+|apenas",
    see=r"\bve(?:r|jo)\b|visualiz\w+|encontr\w+|detect\w+|receb\w+|\bhá\b|anex\w+|fornecid\w+|inclu\w+|carreg\w+"
    r"|envi\w+|acesso|acessar|aceder|abrir|aparec\w+|compartilh\w+|partilh\w+|disponível|texto",
    image=r"image(?:m|ns)|fotos?\b|fotografias?|arquivos?|ficheiros?|capturas?",
    elsewhere=r"(?:na|nesta|nessa|numa|em uma) (?:imagem|foto\w*)|parede|mesa\b|clar(?:a|eza|amente)|nítid"
    r"|imagem d[eao]\b|mostra|placa|\btela\b|\bdiz\b|cartaz|aviso",
    upload=r"(?:por favor|poderia|pode|você|preciso|se\b|tente)\b.*(?:envi\w+|anex\w+|carreg\w+|forneç\w+|fornec\w+"
    r"|compartilh\w+|partilh\w+|inclu\w+|mand\w+|mostr\w+)|^(?:envie|anexe|carregue|compartilhe|forneça)",
    talks=r"por favor|obrigad\w+|ajud\w+|desculp\w+|lament\w+|sinto muito|\bposso\b|precis\w+|polític\w+|diretrizes"
    r"|privacidade|solicitação|pedido|\bcomo (?:uma? )?(?:ia|modelo|assistente|inteligência)"
    r"|gostaria|\bme\b|\bvocê\b|\bmeus?\b|\bminhas?\b|\bseus?\b|\bsuas?\b|inapropriad\w+|infelizmente|^olá|\beu\b"
    r"|\bteu|\btua",
    shows=r"(?:imagem|foto\w*|cena) (?:mostra|apresenta|contém|parece mostrar)|(?:vê-se|veem-se|é possível ver"
    r"|pode-se ver)|(?:posso|consigo) (?:ver|dizer)|\beu vejo (?!nenhum)",
    offers=r"espero que|se (?:precis\w+|quis\w+|desej\w+|você|tiver\w*)|gostaria|desej\w+|avis\w+|me avise"
    r"|fique à vontade|posso (?:ajudar|fazer)|há (?:algo|mais)|como posso|olá\b",
    turns=r"mas|porém|no entanto|contudo|embora|entretanto",
)
_ITALIAN = language(
    hints="posso|dispiac|immagin|scus|spiac|allegat|rifiut|purtroppo|riesco|in grado|foto|potrei|impossibile",
    unable=r"\bnon (?:mi )?(?:posso|potrò|potrei|riesco|sono (?:in grado|autorizzat\w|capace|programmat\w"
    r"|abilitat\w)|è possibile|sento|intendo|devo|ho la capacità|mi è)|(?:devo|mi trovo costrett\w a) (?:rifiutare"
    r"|declinare)"
    r"|mi rifiuto|impossibile|incapace|impossibilitat\w|(?:dispiac|spiac|scus|rincresc)\w*[^.]{0,20}? non poter",
    works=r"aiut\w+|assist\w+|descri\w+|forni\w+|elabor\w+|analizz\w+|rispond\w+|soddisf\w+|complet\w+|gener\w+"
    r"|comment\w+|continu\w+|farlo|fare questo|eseguire|interpret\w+|rifiutare|declinare|richiesta",
    identify=r"identific\w+|riconosc\w+|rivel\w+|nominare|dire chi",
    people=r"person\w+|volt[oi]|chi\b|individu\w+|nessuno|identità|celebrità|uomo|donna|famos\w+",
    negation=r"\bnon\b|\bnessun\w*|\bsenza\b|manca\w*|solo",
    see=r"\bve(?:do|dere)\b|visualizz\w+|trov\w+|rilev\w+|ricevut\w+|allegat\w+|fornit\w+|inclus\w+|caricat\w+"
    r"|caric\w+|inviat\w+|accesso|accedere|aprire|condivis\w+|c'è|ci sono|disponibil\w+|testo|present\w+",
    image=r"immagin\w+|fot[oa]\w*|file\b|allegat\w+|screenshot",
    elsewhere=r"(?:nell'|nella |in questa |sulla )(?:immagine|foto\w*)|parete|\bmuro\b|tavolo|chiar(?:a|ezza|amente)"
    r"|nitid|immagine di\b|mostra|cartello|schermo|\bdice\b|scritta|insegna",
    upload=r"(?:per favore|potrest\w+|puoi|può|potrebbe|ho bisogno|se\b|prova|ti prego|la prego)\b.*(?:caric\w+"
    r"|alleg\w+|invi\w+|forni\w+|condivid\w+|mand\w+|inclu\w+|mostr\w+)|^(?:carica|allega|invia|condividi)",
    talks=r"per favore|grazie|aiut\w+|scus\w+|dispiac\w+|spiacente|\bposso\b|bisogno|politic\w+|linee guida|privacy"
    r"|richiesta|come (?:ia|modello|assistente|intelligenza)|\bmi\b|\bti\b|\btu[oaei]?\b|\bsu[oa]i?\b|\bmi[oae]\b"
    r"|inappropriat\w+|purtroppo|^ciao|vorresti",
    shows=r"(?:immagine|foto\w*|scena) (?:mostra|presenta|contiene|sembra mostrare)|si (?:vede|vedono|può vedere)"
    r"|(?:posso|riesco a) (?:vedere|dire)|\bvedo (?!ness)",
    offers=r"spero che|fammi sapere|mi faccia sapere|se (?:vuoi|hai|desider\w+|ha|serve|vuole)|vuoi che|desidera"
    r"|posso (?:aiutar\w+|fare)|non esitare|c'è altro|come posso|ciao\b",
    turns=r"ma|però|tuttavia|sebbene",
)
_DUTCH = language(
    hints="ik |helaas|afbeelding|geen |sorry|foto|spijt|kan niet",
    unable=r"\bniet\b|\bgeen\b|weiger\w*|onmogelijk|afwijzen",
    works=r"\bhelpen|\bhulp\b|assist\w+|beschrij\w+|beantwoord\w+|verwerk\w+|analyser\w+|voldoen|uitvoer\w+"
    r"|verstrek\w+|ondersteun\w+|verzoek|reageren|behulpzaam|meewerk\w*|antwoord",
    identify=r"identific\w+|herken\w+|benoem\w+",
    people=r"person\w*|mensen|gezicht\w*|\bwie\b|identiteit\w*|iemand|individu\w*",
    negation=r"\bniet\b|\bgeen\b|\bzonder\b|ontbre\w+",
    see=r"\bzie\b|\bzien\b|bekijk\w+|bijgevoegd|geüpload|ontvang\w+|gedeeld|vind\w*|openen|toegang|verstrekt"
    r"|meegestuurd|geladen|laden|aanwezig|weergegeven|ontbre\w+",
    image=r"afbeelding\w*|foto'?s?\b|plaatjes?|bestand\w*|bijlage\w*",
    elsewhere=r"(?:op|in) (?:de|deze|het) (?:foto|afbeelding)|\bmuur\b|\btafel\b|duidelijk|scherp|afbeelding van\b"
    r"|toont",
    upload=r"(?:kun|kunt|kan|zou|gelieve|alsjeblieft|alstublieft|graag|als (?:je|u))\b.*(?:upload\w*|stuur\w*|sturen"
    r"|deel\w*|delen|bijvoeg\w*|toevoeg\w*)|^(?:upload|stuur|deel)\b",
    talks=r"\bik\b|\bmij\b|\bmijn\b|\bu\b|\buw\b|\bje\b|\bjij\b|\bjouw\b|sorry|helaas|bedankt|graag|richtlijn\w*"
    r"|privacy|verzoek|spijt",
    shows=r"(?:afbeelding|foto) (?:toont|laat)|te zien|ik (?:zie|kan .{0,15}zien) (?!geen)",
    offers=r"laat (?:het )?(?:me|mij)|ik hoop|wil (?:je|u)|als (?:je|u)\b|kan ik (?:je|u)|heb je|heeft u",
    turns=r"maar|echter|hoewel",
    me=r"\bik\b|helaas|sorry|spijt",
)
_INDONESIAN = language(
    hints="maaf|tidak|gambar|saya|foto|unggah",
    unable=r"tidak (?:dapat|bisa|mampu|mungkin|diizinkan|akan|boleh|memiliki kemampuan)|menolak|belum bisa",
    works=r"\w*bantu\w*|jelas\w*|men(?:jelaskan|deskripsikan|ggambarkan)|deskripsi\w*|jawab\w*|menjawab|\w*beri\w*"
    r"|proses|memproses|analisis|menganalisis|memenuhi|permintaan|melakukan (?:itu|hal)|melanjutkan|komentar|membuat",
    identify=r"identifikasi\w*|mengidentifikasi|mengenali|menyebutkan",
    people=r"orang\w*|individu\w*|wajah\w*|siapa|identitas\w*|seseorang|tokoh",
    negation=r"tidak|belum|tanpa|tak\b|hanya",
    see=r"lihat|melihat|menemukan|menerima|terlampir|dilampirkan|diunggah|disertakan|dikirim|mengakses|membuka"
    r"|\bada\b|diberikan|dimuat|tersedia|teks",
    image=r"gambar\w*|foto\w*|berkas|lampiran|file\b|citra",
    elsewhere=r"(?:di|dalam|pada) (?:gambar|foto)|dinding|meja|jelas terlihat|dengan jelas|gambar (?:seorang|seekor"
    r"|orang)|menunjukkan|menampilkan",
    upload=r"(?:silakan|mohon|tolong|bisakah|dapatkah|harap|jika|coba)\b.*(?:unggah|mengunggah|kirim\w*|mengirim\w*"
    r"|lampirkan|melampirkan|bagikan|membagikan|berikan|memberikan|sertakan)",
    talks=r"\bsaya\b|\banda\b|\bkamu\b|maaf|silakan|mohon|terima kasih|kebijakan|pedoman|privasi|permintaan",
    shows=r"(?:gambar|foto) (?:ini )?(?:menunjukkan|menampilkan|memperlihatkan)|terlihat\b",
    offers=r"semoga|jika (?:anda|kamu)|apakah (?:anda|kamu|ada)|beri tahu|silakan beri|ada (?:yang )?lain",
    turns=r"tetapi|tapi|namun|meskipun",
)
_TURKISH = language(
    hints="üzgün|görsel|resim|maalesef|lütfen|özür|fotoğraf|yardımcı|edemem|mümkün",
    unable=r"\w*(?:amıyorum|emiyorum|amam|emem|amayız|emeyiz|amayacağım|emeyeceğim)\b|mümkün değil|imkansız"
    r"|redded\w*|yetkim yok|yapamam",
    works=r"yardım\w*|açıkla\w*|tanımla\w*|betimle\w*|tarif\w*|yanıt\w*|cevap\w*|sağla\w*|işle\w*|analiz\w*|isteğ\w*"
    r"|talep\w*|taleb\w*|yorum\w*|devam\w*|yapamam",
    identify=r"teşhis\w*|tanı\w*|kimliğ\w*|belirle\w*",
    people=r"kişi\w*|insan\w*|yüz\w*|\bkim\w*|birey\w*|ünlü\w*",
    negation=r"\w*m[ıiuü]yor\w*|\w*(?:amam|emem)|\byok\b|değil|\w*ma(?:dı|mış)\w*|\w*me(?:di|miş)\w*|yalnızca|sadece",
    see=r"gör\w+|bul\w+|ekle\w*|ekli\b|yükle\w*|al\w*dım|eriş\w+|aç\w+|sağla\w*|gönder\w*|paylaş\w*|ulaş\w*"
    r"|algıla\w*|\bvar\b|metin|yok\b",
    image=r"görsel\w*|resim\w*|resmi\w*|fotoğraf\w*|dosya\w*|görüntü\w*",
    elsewhere=r"(?:görsel|resim|fotoğraf)(?:de|te|da|ta)\b|duvar|masa\b|net (?:olarak|bir)|açıkça|göster(?:iyor"
    r"|mekte)",
    upload=r"(?:lütfen|misiniz|mısınız|musunuz|müsünüz|misin)\b.*(?:yükle\w*|ekle\w*|gönder\w*|paylaş\w*|sağla\w*)"
    r"|(?:yükle\w*|ekle\w*|gönder\w*|paylaş\w*|sağla\w*).*(?:lütfen|misiniz|mısınız|misin|abilir|ebilir)|(?:yükleyin"
    r"|gönderin|paylaşın)",
    talks=r"lütfen|üzgün\w*|özür\w*|maalesef|yardımcı|\w*(?:rim|rım|yorum|acağım|eceğim)\b|\bsize?\b|\bsizin\b"
    r"|\bben\b|teşekkür\w*|politika\w*|gizlilik|kurallar\w*",
    shows=r"(?:görsel|resim|fotoğraf)(?:de|te|da|ta)\b|göster(?:iyor|mekte)",
    offers=r"umarım|eğer|başka (?:bir|sorunuz)|ister misin\w*|bana bildir\w*|lütfen (?:bana )?bildir\w*"
    r"|nasıl yardımcı|size nasıl",
    turns=r"ama|ancak|fakat",
)
_POLISH = language(
    hints="przykro|nie |obraz|zdjęci|przepraszam|proszę|odmów|niestety",
    unable=r"\bnie (?:mogę|mógłbym|jestem (?:w stanie|upoważni\w+)|będę|potrafię|mam możliwości|da się|jest możliwe)"
    r"|odmawia\w*|muszę odmówić|niemożliwe",
    works=r"pom[oó]\w+|opis\w+|odpowiedzi\w*|odpowied\w*|udzieli\w*|przetworz\w+|analiz\w+|spełni\w*|wykona\w*"
    r"|dostarcz\w+|skomentowa\w*|kontynuowa\w*|zrobić|prośb\w+|odmówić|zrealizowa\w*",
    identify=r"zidentyfik\w+|identyfik\w+|rozpozna\w+|wskazać",
    people=r"os[oó]b\w*|ludzi\w*|twarz\w*|\bkto\b|tożsamoś\w*|kogo\w*|człowiek\w*",
    negation=r"\bnie\b|\bbrak\w*|\bżadn\w+|\bbez\b|tylko",
    see=r"widz\w+|zobaczy\w*|znajd\w+|otrzyma\w+|dołącz\w+|przesła\w+|załącz\w+|załadowa\w*|wczyta\w*|dostęp\w*"
    r"|otworzy\w*|brak\w*|wyświetl\w+|tekst\w*|udostępni\w*",
    image=r"obraz(?:u|ów|ek|ka|ki|em|y)?\b|zdjęci\w*|fotografi\w*|plik\w*|załącznik\w*|grafik\w*",
    elsewhere=r"na (?:tym )?(?:zdjęciu|obrazie|obrazku|fotografii)|ścian|stole|wyraźnie|ostro|przedstawia",
    upload=r"(?:proszę|czy mo\w+|mógłbyś|mogłabyś|jeśli|spróbuj)\b.*(?:prześl\w+|przesła\w+|załącz\w+|dołącz\w+"
    r"|udostępni\w*|wgra\w*|wyśl\w+|pokaż\w*|doda\w*)|^(?:prześlij|załącz|dołącz|udostępnij)",
    talks=r"proszę|przykro|przepraszam|niestety|\bmogę\b|\bmi\b|\bci\b|\bpan\w*\b|\btwoj\w+|\bmoj\w+|zasad\w+"
    r"|polityk\w+|prywatnoś\w+|dziękuj\w+|jestem|chętnie|pomoc|pomóc",
    shows=r"(?:zdjęcie|obraz|obrazek) (?:przedstawia|pokazuje)|widać|widzę (?!żadn)",
    offers=r"daj znać|mam nadzieję|jeśli (?:potrzebujesz|chcesz|masz)|czy (?:chcesz|chciał\w+|mogę|jest)"
    r"|proszę (?:daj|dać)|w czym mogę",
    turns=r"ale|jednak|chociaż|lecz",
)
_VIETNAMESE = language(
    hints="xin lỗi|không thể|hình|ảnh|vui lòng|rất tiếc|không được|từ chối",
    unable=r"không (?:thể|được phép|có khả năng|có quyền|thoải mái|muốn)|từ chối|chưa thể",
    works=r"giúp\w*|hỗ trợ|mô tả|trả lời|cung cấp|xử lý|phân tích|đáp ứng|thực hiện|yêu cầu|bình luận|tiếp tục|tạo"
    r"|thảo luận|làm điều",
    identify=r"nhận (?:dạng|diện|ra)|xác định",
    people=r"người|khuôn mặt|ai\b|danh tính|cá nhân",
    negation=r"không|chưa|chỉ",
    see=r"thấy|xem|nhìn|nhận được|đính kèm|tải lên|cung cấp|gửi|truy cập|mở|hiển thị|\bcó\b|văn bản",
    image=r"hình(?: ảnh)?|ảnh|tệp",
    elsewhere=r"(?:trong|trên) (?:bức |tấm |hình )?(?:ảnh|hình)|tường|bàn\b|rõ|cho thấy|ảnh (?:về|của)",
    upload=r"(?:vui lòng|hãy|bạn có thể|xin|nếu bạn)\b.*(?:tải|gửi|đính kèm|cung cấp|chia sẻ)",
    talks=r"\btôi\b|\bbạn\b|xin lỗi|rất tiếc|vui lòng|cảm ơn|chính sách|quyền riêng tư|nguyên tắc|yêu cầu",
    shows=r"(?:hình|ảnh)(?: này)? (?:cho thấy|có|chụp)",
    offers=r"hy vọng|nếu bạn|bạn có (?:muốn|cần)|hãy cho tôi|tôi có thể giúp",
    turns=r"nhưng|tuy nhiên|mặc dù",
)

LATIN_LANGUAGES = (
    _SPANISH, _FRENCH, _GERMAN, _PORTUGUESE, _ITALIAN, _DUTCH, _INDONESIAN, _TURKISH, _POLISH, _VIETNAMESE,
)  # fmt: skip
"""In the order in which they are tried."""
