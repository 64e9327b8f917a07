"""Words by which mail programs, in many languages, say "this is what I answer to" and "this was sent from a telephone".

Tables only; quotation.py says how they are used. Everything is compared in lower case. To teach a language, add its words here.
"""

from __future__ import annotations


def folded(text: str) -> str:
    """Return `text` for comparing with the tables; the dotted capital I of Turkish becomes a plain i."""
    return text.casefold().replace("i\u0307", "i")


def _table(text: str) -> tuple[str, ...]:
    """Words between bars."""
    return tuple(folded(" ".join(word.split())) for word in text.split("|"))


# The words before the subject of an answer, and of a forwarded mail.
REPLY_PREFIXES = frozenset(
    _table(
        """
    re | aw | antw | antwort | sv | vs | svar | odp | ynt | yan | res | r | rif | rép | rep | réf | ref | vá | va | ang | att | bls
    | ats | atb | vast | odg | ha | απ | απάντηση | σχετ | на | отв | отг | отговор | ответ | відп | відповідь | hal | bal | trả lời
    | השב | תגובה | מענה | رد | الرد | 回复 | 答复 | 回覆 | 答覆 | 回信 | 返信 | 답장 | 회신 | ตอบ | ตอบกลับ | doc
        """
    )
)
FORWARD_PREFIXES = frozenset(
    _table(
        """
    fwd | fw | wg | weitergeleitet | tr | trans | rv | enc | i | inoltro | vb | vl | vidarebefordrat | videresendt | doorst | dz
    | pd | pdl | ilt | i̇lt | továbbítás | προωθ | πρθ | прд | пер | пересл | пересылка | фв | edasi | persiųsta | pārsūt
    | proslijeđeno | rsv | rnv | הועבר | העבר | إعادة توجيه | تحويل | 转发 | 轉寄 | 轉發 | 転送 | 전달 | ส่งต่อ | terusan
    | chuyển tiếp
        """
    )
)

# How the sentence before a quotation begins ("On Monday ...").
ON = _table(
    """
    on | at | in | le | am | vom | der | el | em | il | op | den | på | pa | om | w | dnia | dne | dňa | ve | v | в | la
    | ke | ti | su | ma | pe | to | lu | me | je | sa | di | lun | mar | mer | jeu | ven | sam | dim | mån | tis | ons
    | tors | fre | lör | sön | man | tir | tor | lør | søn | pon | wt | śr | czw | pt | sob | niedz | vào | ngày | pada
    | στις | στη | στο | на | у | 在 | 于 | 於 | am. | den. | dia | el. | ons. | po | út | st | čt | pá | so | ne | pirm
    | antr | treč | ketv | penkt | šešt | sekm | a | az | kuupäeval | ai
    | kuupäev | þann | în
    """
)
ON_PHRASES = _table(
    """
    בתאריך | في | เมื่อ | in data | w dniu | il giorno | il dia | em data | el día | no dia | dana | data di | op datum
    | ในวันที่
    """
)

# The verb of that sentence.
WROTE = _table(
    """
    wrote | writes | sent | schrieb | schreibt | geschrieben | a écrit | écrit | a ecrit | a scris | escribió | escribio
    | escribiste | va escriure | ha escrit | escreveu | ha scritto | scrive | scritto | schreef | geschreven | skrev
    | skreiv | skrifaði | kirjoitti | kirjutas | rakstīja | rašė | parašė | napisał | napisała | napisał(a) | pisze
    | napsal | napsala | napsal(a) | napísal | napísala | napisao | napisala | je napisal | написал | написала
    | написал(а) | написав | пишет | пише | писал | написа | írta | ezt írta | yazdı | şunu yazdı | έγραψε | viết
    | đã viết | menulis | เขียนว่า | เขียน | 写道 | 寫道 | 写到 | 書きました | 書き込み | のメッセージ
    | 작성 | 님이 작성 | כתב | כתבה | ‫כתב | كتب
    | كتبت | napisana przez | missatge de
    """
)

# The line between an answer and the mail below it: a noun and an adjective of these between dashes, or a whole line of OPENINGS.
MESSAGE_NOUNS = _table(
    """
    message | messages | besked | epost | mail | e-mail | email | nachricht | originalnachricht | mensaje | mensagem
    | messaggio | bericht | meddelande | meddelelse | melding | originalmelding | viesti | wiadomość | wiadomosc | zpráva | správa
    | сообщение | письмо | повідомлення | лист | üzenet | ileti | mesaj | iletisi | μήνυμα | missatge | poruka | sporočilo
    | 邮件 | 郵件 | メッセージ | 메시지 | message- | brev | mejl | отправленное
    | 消息 | 訊息 | 信息 | 메일 | הודעה | رسالة | الرسالة | sõnum | kiri | laiškas | ziņojums | skilaboð | tin nhắn | thư
    | pesan | ข้อความ | порука | съобщение | appointment
    """
)
MESSAGE_ADJECTIVES = _table(
    """
    origin | oryginal | ursprüng | ursprung | oprindelig | opprinnelig | oorspronkelijk | alkuper | původní | pôvodn
    | исходн | оригинал | первоначальн | пересыл | переслан | перенаправ | eredeti | továbbított | orijinal | özgün
    | yönlendiril | αρχικ | forward | weitergeleitet | reply | transf | réexpédi | réachemin | inoltrat | doorgestuurd
    | reenviad | encaminhad | videresendt | vidarebefordra | välitetty | przekazan | przesłan | přeposlan | edelleen
    | izvorn | proslijeđen | d'origine | d’origine | 原始 | 转发 | 轉寄 | 元の | 原件 | 転送 | 원본 | 전달
    | оригінальн | מקורית | שהועברה | الأصلية | معاد توجيه | مُعاد توجيه | izvirn | algne | edastatud | persiųst | sākotnēj
    | pārsūtīt | upprunaleg | áframsen | gốc | chuyển tiếp | asli | terusan | diteruskan | ต้นฉบับ | ส่งต่อ | προωθημέν
    | redirecți | redirecti | препратен | прослеђен | preposlan | posredovan
    """
)
OPENINGS = _table(
    """
    begin forwarded message | forwarded message | original message | begin weitergeleiteter nachricht
    | anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-mail | weitergeleitete nachricht
    | début du message réexpédié | début du message transféré | message transféré | inizio messaggio inoltrato
    | inizio del messaggio inoltrato | inicio del mensaje reenviado | inicio de mensaje reenviado | mensaje reenviado
    | início da mensagem reencaminhada | início da mensagem encaminhada | begin doorgestuurd bericht
    | doorgestuurd bericht | vidarebefordrat brev | vidarebefordrat mejl | videresendt besked | videresendt melding
    | start på videresendt melding | välitetty viesti | początek przekazywanej wiadomości | začátek přeposlané zprávy
    | начало переадресованного сообщения | начало пересылаемого сообщения | далее пересланное сообщение
    | továbbított levél kezdete | iletilen ileti | 下面是被转发的邮件 | 開始轉寄郵件 | 転送されたメッセージ | 전달된 메시지
    | start på videresendt besked | välitetty viesti alkaa | začátek přeposílané zprávy | začiatok preposlanej správy
    | początek przekazanej wiadomości | iletilen ileti başlangıcı | 以下是转发的邮件 | 開始轉寄訊息 | 전달된 메시지 시작
    | αρχή προωθημένου μηνύματος | έναρξη προωθημένου μηνύματος | початок переадресованого повідомлення
    | începutul mesajului redirecționat | početak proslijeđene poruke | bắt đầu thư được chuyển tiếp
    | mulai pesan yang diteruskan | תחילת ההודעה שהועברה | بدء الرسالة المعاد توجيهها | inici del missatge reenviat
    """
)
# The words alone between dashes above an original (QQ, Foxmail).
BETWEEN_DASHES = _table(
    """
    original | 原始邮件 | 原始郵件
    """
)
PROCESSED = _table(
    """
    original message processed by
    """
)
ABOVE_LINE = _table(
    """
    reply above this line | type your reply above this line | write above this line | please reply above this line
    | antworten sie oberhalb dieser zeile | antworten sie über dieser linie | répondez au-dessus de cette ligne
    | responda por encima de esta línea
    """
)

# Labels of the block that Outlook and others put above the mail that is answered, by what they mean.
LABEL_FROM = _table(
    """
    from | von | de | da | van | od | fra | från | lähettäjä | от | от кого | від | gönderen | kimden | 发件人 | 寄件者 | 寄件人
    | 差出人 | 보낸 사람 | feladó | de la | από | remitente | remetente | expéditeur | mittente | avsender | afsender | nadawca
    | odesílatel | odosielateľ | absender | od koga | von / from | saatja | nuo | no
    | מאת | من | šalje | từ | dari | จาก | frá | sūtītājs
    """
)
LABEL_DATE = _table(
    """
    sent | date | gesendet | gesendet am | datum | envoyé | envoyé le | enviado | enviado el | enviada em | enviado em
    | fecha | data | inviato | inviato il | data/ora | verzonden | verstuurd | wysłano | wyslano | data wysłania
    | odesláno | odoslané | sendt | dato | skickat | lähetetty | päivämäärä | päiväys | отправлено | дата | надіслано
    | gönderildi | tarih | gönderme tarihi
    | 发送时间 | 日期 | 寄件日期 | 傳送時間 | 時間 | 送信日時 | 日時 | 날짜 | 보낸 날짜 | elküldve | trimis
    | dată | message du | ημερομηνία | στάλθηκε | poslano | saadetud | data messaggio | sent at | sent on
    | נשלח | תאריך | التاريخ | تم الإرسال | تاريخ الإرسال | изпратено | poslato | nosūtīts | išsiųsta | đã gửi | ngày | dikirim
    | tanggal | ส่ง | วันที่ | enviat | dagsetning | dátum
    """
)
LABEL_TO = _table(
    """
    to | an | à | a | para | aan | do | komu | til | till | vastaanottaja | кому | kime | alıcı | 收件人 | 宛先 | 받는 사람
    | címzett | către | catre | προς | pour | destinatario | destinataire | destinatário | empfänger | za | kam
    | אל | إلى | до | prima | adressaat | tới | đến | kepada | ถึง | per a | 收件者
    """
)
LABEL_SUBJECT = _table(
    """
    subject | betreff | objet | sujet | asunto | assunto | oggetto | onderwerp | temat | předmět | predmet | emne | ämne
    | aihe | тема | konu | 主题 | 主旨 | 件名 | 标题 | 제목 | tárgy | subiect | θέμα | naslov | zadeva | teema
    | נושא | الموضوع | относно | chủ đề | subjek | perihal | เรื่อง | หัวเรื่อง | assumpte | efni | tēma
    """
)
LABEL_OTHER = _table(
    """
    cc | bcc | kopie | copie à | copia | cópia | kopia | kopi | копия | копія | bilgi | 抄送 | 副本 | 참조 | másolat
    | reply-to | répondre à | antwort an | antwort: | responder a | rispondi a | risposta | reply to | odpowiedz do
    | importance | wichtigkeit | priority | priorität | importancia | attachments | anlagen | pièces jointes
    | organization | svar til | ответить | 返信先 | cc: | copy | resent-from | mailed-by | signed-by | kopio | cc to
    | mailing list
    """
)
LABELS = {"from": LABEL_FROM, "date": LABEL_DATE, "to": LABEL_TO, "subject": LABEL_SUBJECT, "other": LABEL_OTHER}

# What a telephone or program adds below a text: a verb opens the line, a link and a device or program follow.
SENT = _table(
    """
    sent | gesendet | von meinem | diese nachricht wurde von | envoyé | envoyée | expédié | enviado | enviada | enviat
    | inviato | verstuurd | verzonden | sendt | skickat | skickades | lähetetty | wysłano | wysłane | odesláno | odoslané
    | отправлено | отправлен | надіслано | изпратено | elküldve | trimis | εστάλη | στάλθηκε | dikirim | poslano | poslato
    | saadetud | nosūtīts | išsiųsta | gửi | נשלח | أرسلت | أُرسلت | تم الإرسال | ส่งจาก | 发送自 | 發送自 | 發自 | 发自
    | 来自 | 來自 | 從我的 | 発信元 | 送信元
    """
)
LINKS = _table(
    """
    from | via | with | using | von | vom | mit | depuis | de | à | du | avec | par | desde | do | da | del | des
    | dal | dall' | met | vanaf | van | fra | från | med | z | ze | с | со | из | от | з | із | wirelessly | sans | din
    | από | dari | iz | s | từ | من
    """
)
MINE = _table(
    """
    my | mon | ma | mein | meinem | meiner | mi | il | mio | mijn | min | mitt | meu | minha | moj | mojego | mojej | mého
    | môjho | mog | mojega | моего | моей | моя | мого | saya | minu | το
    """
)
DEVICES = _table(
    """
    iphone | iphon | ipad | ipod | ios | android | blackberry | outlook | samsung | galaxy | mobile | mobil | mobiltelefon
    | phone | tablet | smartphone | nokia | huawei | xiaomi | sony | xperia | lg | htc | motorola | nexus | pixel
    | windows | mail | téléphone | telefono | telefon | teléfono | telemóvel | celular | handy | móvil | puhelin | телефон
    | смартфон | айфон | האייפון | yahoo | gmail | thunderbird | k-9 | k9 | protonmail | proton | airmail | spark
    | mailbird | acompli | mailspring | verizon | t-mobile | at&t | vodafone | wiko | oneplus | oppo | honor | redmi
    | mailbox | boxer | canary | superhuman | front | aquamail | bluemail | fairemail | mymail | typeapp | nine | app | aol
    | zoho | device | wireless | handheld | palm | treo | symbian | surface | laptop | appareil | application | dispositivo
    | aparelho | gerät | apparaat | enhed | enhet | 手机 | 手機 | 小米 | 华为 | яндекс | почт
    """
)
# Names that need no link before them, in languages that have endings instead.
SURE_DEVICES = _table(
    """
    iphone | iphon | ipad | android | galaxy | outlook | samsung | yahoo | האייפון | 手机 | 手機 | 小米 | 华为
    """
)
WHOLE_SENT = _table(
    """
    iphoneから送信 | ipadから送信 | androidから送信 | 发自我的 | 發自我的
    | 发自 | 来自我的 | 來自我的 | 從我的 | 从我的 | 나의 iphone | 내 iphone | 나의 ipad | 내 galaxy
    | στάλθηκε από το | εστάλη από το | sent on the go | sent by mailbird | 発自我的
    """
)
ENDS_SENT = _table(
    """
    から送信 | 에서 보냄 | 에서 전송 | 版邮件发送 | -omról küldve | -emről küldve | telefonomról küldve
    """
)
# ... and with a device before them.
DEVICE_FIRST = _table(
    """
    gönderildi | gesendet | verzonden | verstuurd | küldve
    """
)

# "Get Outlook for Android": the verb first or last.
GET = _table(
    """
    get | download | holen sie sich | hol dir | télécharger | téléchargez | obtenez | obtenir | obtener | obtenga | descarga
    | descargar | obter | obtenha | scarica | ottieni | pobierz | hent | hämta | få | hanki | lataa | získat | získejte
    | získať | stiahnuť | скачать | загрузить | завантажити | отримати | λήψη | 获取 | 下载 | 取得 | 下載 | obțineți | letölt
    """
)
GET_LAST = _table(
    """
    downloaden | beziehen | herunterladen | edinin | indirin | 다운로드 | を入手 | を入手する | beszerzése | letöltése | hankkiminen
    """
)
PROGRAMS = _table(
    """
    outlook | bluemail | yahoo | gmail | k-9 | spark | proton | edison | aquamail | mymail | aol | fairemail | typeapp
    """
)
PLATFORMS = _table(
    """
    ios | android | iphone | ipad | windows | mac
    """
)
