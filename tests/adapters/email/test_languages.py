"""What mail programs write around an answer, in many languages, and what patrons write that only looks like it."""

from __future__ import annotations

import pytest

from adapters.email.trimming.devices import from_device
from adapters.email.trimming.trim import trim

NEW = "Thank you, one more question.\nWhen do you open?"

# How programs say who wrote what is answered: Apple Mail, Gmail, Outlook, Thunderbird, Yahoo, ProtonMail, Tutanota, Roundcube,
# Horde, mutt, GroupWise, Zoho, KMail, Mail.ru, QQ, NetEase.
SENTENCES = """
On Jan 5, 2021, at 10:15 AM, Jane Doe <jane@example.org> wrote:
On Tuesday, January 5, 2021, Jane Doe <jane@example.org> wrote:
On 1/5/21 10:15 AM, Jane Doe wrote:
On January 5, 2021 10:15:00 AM GMT+01:00, Jane Doe <jane@example.org> wrote:
Jan 5, 2021, 10:15 by jane@example.org:
January 5, 2021 10:15 AM, "Jane Doe" <jane@example.org> wrote:
Jane Doe wrote on 05.01.2021 10:15:
At 10:15 AM 1/5/2021, Jane Doe wrote:
* Jane Doe <jane@example.org> [2021-01-05 10:15]:
Quoting Jane Doe <jane@example.org>:
>>> Jane Doe <jane@example.org> 1/5/2021 10:15 AM >>>
---- On Tue, 05 Jan 2021 10:15:00 +0100 Jane Doe <jane@example.org> wrote ----
---- Activé mar., 05 janv. 2021 10:15:00 +0100 Jane Doe <jane@example.org> a écrit ----
----- Message from Jane Doe <jane@example.org> on Tue, 5 Jan 2021 10:15:00 +0000 -----
Am Dienstag, 5. Januar 2021 schrieb Jane Doe <jane@example.org>:
Jane Doe <jane@example.org> schrieb am Di., 5. Jan. 2021, 10:15:
Jane Doe <jane@example.org> hat am 05.01.2021 10:15 geschrieben:
Zitat von Jane Doe <jane@example.org>:
Le 05/01/2021 à 10:15, Jane Doe a écrit :
El martes, 5 de enero de 2021, Jane Doe <jane@example.org> escribió:
Missatge de Jane Doe <jane@example.org> del dia dt., 5 de gen. 2021 a les 10:15:
Il 05/01/2021 10:15, Jane Doe ha scritto:
Em 5 de jan. de 2021, à(s) 10:15, Jane Doe <jane@example.org> escreveu:
Op 5 jan. 2021, om 10:15 heeft Jane Doe <jane@example.org> het volgende geschreven:
W dniu 5.01.2021 o 10:15, Jane Doe pisze:
Wiadomość napisana przez Jane Doe <jane@example.org> w dniu 05.01.2021, o godz. 10:15:
Dne 5.1.2021 v 10:15 Jane Doe napsal(a):
Dňa 5. 1. 2021 o 10:15 Jane Doe napísal(a):
5 jan. 2021 kl. 10:15 skrev Jane Doe <jane@example.org>:
Den tir. 5. jan. 2021 kl. 10.15 skrev Jane Doe <jane@example.org>:
Þann þri., 5. jan. 2021 kl. 10:15 skrifaði Jane Doe <jane@example.org>:
Jane Doe <jane@example.org> kirjoitti 5.1.2021 kello 10.15:
Kuupäev T, 5. jaanuar 2021 kell 10:15 kirjutas Jane Doe <jane@example.org>:
05.01.2021, 10:15, "Jane Doe" <jane@example.org>:
Вторник, 5 января 2021, 10:15 +03:00 от Jane Doe <jane@example.org>:
вт, 5 січ. 2021 р. о 10:15 Jane Doe <jane@example.org> пише:
На вт, 5.01.2021 г. в 10:15 Jane Doe <jane@example.org> написа:
2021. 01. 05. 10:15 keltezéssel, Jane Doe írta:
În mar., 5 ian. 2021 la 10:15, Jane Doe <jane@example.org> a scris:
uto, 5. sij 2021. u 10:15 Jane Doe <jane@example.org> napisao je:
5.01.2021 10:15 tarihinde Jane Doe yazdı:
Στις 5/1/2021 10:15 π.μ., ο/η Jane Doe έγραψε:
ב-5 בינו׳ 2021, בשעה 10:15, ‏Jane Doe <jane@example.org> כתב/ה:
في ٥ يناير ٢٠٢١، الساعة ١٠:١٥، كتب Jane Doe <jane@example.org>:
2021/01/05 10:15、Jane Doe <jane@example.org>のメール:
在 2021年1月5日，上午10:15，Jane Doe <jane@example.org> 写道：
Jane Doe <jane@example.org> 於 2021年1月5日 週二 上午10:15寫道：
2021. 1. 5. 오전 10:15, Jane Doe <jane@example.org> 작성:
Vào Th 3, 5 thg 1, 2021 vào lúc 10:15 Jane Doe <jane@example.org> đã viết:
Pada tanggal Sel, 5 Jan 2021 10.15, Jane Doe <jane@example.org> menulis:
ในวันที่ อ. 5 ม.ค. 2021 เวลา 10:15 Jane Doe <jane@example.org> เขียนว่า:
""".strip().split("\n")

WRAPPED = [
    "On Tue, Jan 5, 2021 at 10:15 AM Jane Q. Doe via Library Helpdesk <\nhelpdesk@library.example> wrote:",
    "Am Dienstag, den 5. Januar 2021 um 10:15 Uhr schrieb Bibliothek der\nUniversität <auskunft@library.example>:",
    "Le mar. 5 janv. 2021 à 10:15, Bibliothèque municipale <biblio@example.org> a\nécrit :",
    "El mar, 5 ene 2021 a las 10:15, Biblioteca Central (<\nbiblioteca@example.org>) escribió:",
    "вт, 5 янв. 2021 г. в 10:15, Российская библиотека\n<bib@example.org>:",
    "Jane Doe <jane@example.org> 于2021年1月5日周二\n上午10:15写道：",
    '>>> "Jane Doe" <jane@example.org> schrieb am 05.01.2021 um 10:15 in Nachricht\n<5FF430@gw.example>:',
]

SEPARATORS = """
-----Original Appointment-----
-----Message d'origine-----
-----Mensaje original-----
-----Mensagem original-----
-----Messaggio originale-----
-----Oorspronkelijk bericht-----
-----Ursprungligt meddelande-----
-----Oprindelig meddelelse-----
-----Opprinnelig melding-----
-----Alkuperäinen viesti-----
-----Původní zpráva-----
-----Oryginalna wiadomość-----
-----Исходное сообщение-----
-----Оригінальне повідомлення-----
-----Eredeti üzenet-----
-----Özgün İleti-----
-----Αρχικό μήνυμα-----
-----Izvirno sporočilo-----
-----Originalus laiškas-----
-----הודעה מקורית-----
-----الرسالة الأصلية-----
-----元のメッセージ-----
-----원본 메시지-----
------------------ 原始邮件 ------------------
------------------ Original ------------------
---------- Message transféré ----------
---------- Mensagem encaminhada ----------
---------- Przekazana wiadomość ----------
---------- Yönlendirilen İleti ----------
---------- Προωθημένο μήνυμα ----------
---------- 转发的消息 ---------
---------- 전달된 메일 ---------
---------- הודעה שהועברה ---------
---------- Mesaj redirecționat ---------
Start på videresendt besked:
Välitetty viesti alkaa:
Začátek přeposílané zprávy:
Początek przekazanej wiadomości:
İletilen ileti başlangıcı:
Αρχή προωθημένου μηνύματος:
以下是转发的邮件：
""".strip().split("\n")

LABELS = {
    "da": "Fra|Sendt|Til|Emne",
    "nl": "Van|Verzonden|Aan|Onderwerp",
    "pt": "De|Enviada em|Para|Assunto",
    "ca": "De|Enviat|Per a|Assumpte",
    "fi": "Lähettäjä|Lähetetty|Vastaanottaja|Aihe",
    "is": "Frá|Sent|Til|Efni",
    "cs": "Od|Odesláno|Komu|Předmět",
    "hu": "Feladó|Dátum|Címzett|Tárgy",
    "hr": "Šalje|Poslano|Prima|Predmet",
    "ro": "De la|Trimis|Către|Subiect",
    "bg": "От|Изпратено|До|Относно",
    "uk": "Від|Надіслано|Кому|Тема",
    "tr": "Kimden|Gönderme Tarihi|Kime|Konu",
    "el": "Από|Στάλθηκε|Προς|Θέμα",
    "he": "מאת|נשלח|אל|נושא",
    "ar": "من|التاريخ|إلى|الموضوع",
    "ja": "差出人|送信日時|宛先|件名",
    "ko": "보낸 사람|보낸 날짜|받는 사람|제목",
    "zh": "寄件者|寄件日期|收件者|主旨",
    "vi": "Từ|Đã gửi|Tới|Chủ đề",
    "id": "Dari|Dikirim|Kepada|Subjek",
    "th": "จาก|ส่ง|ถึง|เรื่อง",
}

DEVICES = """
Sent from my Android phone with K-9 Mail. Please excuse my brevity.
Sent from my Verizon, Samsung Galaxy smartphone
Sent from Mail for Windows
Sent with Proton Mail secure email.
Sent via BlackBerry from T-Mobile
Outlook für Android beziehen
Gesendet mit der GMX Mail App
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
Envoyé depuis l'application Mail Orange
Télécharger Outlook pour Android
Enviado desde Correo para Windows 10
Enviat des del meu iPhone
Obter o Outlook para Android
Inviato dal mio dispositivo Android
Outlook voor iOS downloaden
Få Outlook for Android
Hanki Outlook for Android
Pobierz aplikację Outlook dla systemu Android
Odesláno z iPhonu
Отправлено из мобильной Почты Mail.ru
Скачать Outlook для Android
発信元: iPhone
从 Windows 版邮件发送
获取 Outlook for Android
Android용 Outlook 다운로드
Samsung Galaxy akıllı telefonumdan gönderildi.
Λήψη του Outlook για Android
נשלח מה-iPhone שלי
تم الإرسال من iPhone الخاص بي
Gửi từ iPhone của tôi
ส่งจาก iPhone ของฉัน
""".strip().split("\n")

# A librarian must see every one of these whole.
PATRONS = [
    "Dear librarian,\n\nOn 5 May 1890 Darwin wrote:\n\n“It is a cursed evil.”\n\nWhere can I find the original?",
    "Am 12. April 1945 schrieb mein Großvater:\nLiebe Anna, ...\nHaben Sie Zeitungen dieses Tages?",
    "Le 14 juillet 1789, Louis XVI a écrit :\n« Rien. »\nOù est le journal ?",
    "My mother wrote on 3.4.1945:\nDear Anna, we are well.\nCan you identify the place?",
    "On 5 May I wrote.\nNobody answered me.",
    "At 10:15 on 5 May your colleague wrote:\nwe will send you the book.\nIt never arrived.",
    "On 12/05/2020 10:15 my request to interlibrary@lib.example failed:\nit said “no copies”.\nCan you try again?",
    "I need the old timetable:\n\nFrom: London\nTo: Paris\nDate: 5 May 1920\n\nDo you have it?",
    "Quellen:\nAutor: X\nTitel: Y\nDatum: 1999\nVon: Verlag\nAn: Leser",
    "Subject: Biology\nTo: be honest I do not know\nFrom: which year is this?",
    "2021-05-05 10:15 UTC Jane was here\nWhat is this timestamp format?",
    "Get Android for dummies\nSent by mail please",
    "I use Outlook for Android\nHow do I log in?",
    "Sent a new application form to the front desk\nbut nobody answered.",
    "Sent with love,\nJane",
    "Enviado por correo\n¿cuánto cuesta?",
    "My two topics\n---\nMay I borrow films on both?",
    "Original message:\ncan you find who said “the medium is the message”?",
]


@pytest.mark.parametrize("sentence", SENTENCES + WRAPPED)
@pytest.mark.parametrize("old", ["> You asked before\n> about books", "You asked before\nabout books."])
def test_what_follows_a_program_s_sentence_is_old(sentence: str, old: str) -> None:
    assert trim(f"{NEW}\n\n{sentence}\n\n{old}\n").text == NEW


@pytest.mark.parametrize("line", SEPARATORS)
def test_what_follows_a_separator_is_old(line: str) -> None:
    assert trim(f"{NEW}\n\n{line}\n\nYou asked before\nabout books.\n").text == NEW


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("form", ["{}: {}", "{} : {}", "*{}:* {}", "{}：{}"])
def test_what_follows_the_head_of_a_mail_is_old(language: str, form: str) -> None:
    values = ("Jane Doe <jane@example.org>", "5/1/2021 10:15", "Ask <ask@library.example>", "Books")
    block = "\n".join(form.format(*pair) for pair in zip(LABELS[language].split("|"), values, strict=True))
    assert trim(f"{NEW}\n\n{block}\n\nYou asked before.\n").text == NEW


@pytest.mark.parametrize("line", DEVICES)
def test_what_a_device_adds_is_not_the_patrons(line: str) -> None:
    assert trim(f"{NEW}\n\n{line}\n").text == NEW
    assert trim(f"{NEW}\n\n{line}\n\nOn 5 Jan 2021, at 10:15, Jane <j@example.org> wrote:\n\n> old\n").text == NEW


@pytest.mark.parametrize("words", PATRONS)
def test_what_only_looks_like_it_stays_whole(words: str) -> None:
    assert trim(words).text == words


def test_a_program_that_nobody_knows_must_stand_last() -> None:
    assert from_device("Sent from Polymail") == "likely"
    assert trim(f"{NEW}\n\nSent from Polymail\n").text == NEW
    assert trim("Sent from Berlin\nWhere is this postcard from").text == "Sent from Berlin\nWhere is this postcard from"


@pytest.mark.parametrize("line", ["Sent you the form", "Sent from the reading room, by hand", "Get well soon", ""])
def test_a_line_that_only_begins_like_one_is_no_device(line: str) -> None:
    assert from_device(line) == ""
