//! German.

use usher_api::approval::{CommentRule, FieldKind, Level, TimeoutResult};

use super::shape::{Both, Form, MailTexts, Mailbox, Page, Text, Texts};
use super::story::Ending;
use crate::decide::{InputWrong, Refusal};
use crate::page::Trouble;

pub(super) static TEXTS: Texts = Texts {
    both: Both {
        colon: ": ",
        comma: ", ",
        asked_by: "Angefragt von",
        submitted_by: "Eingereicht vom Konto",
        workflow: "Workflow",
        why_you: "Warum Sie",
        named: "der Workflow nennt Sie",
        as_one_of: |names| format!("Sie werden als {names} gefragt"),
        decide_by: "Zu entscheiden bis",
        silence,
        your_vote: "Ihre Stimme",
        approved: "Genehmigt",
        rejected: "Abgelehnt",
        comment: "Kommentar",
        printed_name: "Name im Protokoll",
        time: "Zeitpunkt",
        meaning: "Bedeutung",
        approved_as: |names| as_one_of("genehmigt", names),
        rejected_as: |names| as_one_of("abgelehnt", names),
        proof: "Nachweis",
        level,
        digest: "Prüfsumme des Inhalts (SHA-256)",
        so_far: |have, need| {
            format!("Dies ist Ihre Stimme: bisher {have} von {need} Genehmigungen.")
        },
        ending,
        yes_no: ["Ja", "Nein"],
        no_password: "Wir fragen nie nach einem Passwort.",
    },
    form: Form {
        details: "Einzelheiten",
        description: "Beschreibung",
        page_only: "nur hier zu sehen, nicht in der E-Mail",
        votes: "Bisherige Stimmen",
        tally: |[approvals, need, rejections, asked]| {
            format!(
                "Genehmigungen: {approvals} von mindestens {need}. Ablehnungen: {rejections}. \
                 Gefragte Personen: {asked}."
            )
        },
        question: "Wie entscheiden Sie?",
        undecided: "Wählen Sie, ob Sie genehmigen oder ablehnen.",
        approve: |title| format!("Genehmigen: {title}"),
        reject: |title| format!("Ablehnen: {title}"),
        comment_rule,
        needed: "(zum Genehmigen nötig)",
        optional: "(freiwillig)",
        choose: "Bitte wählen",
        signed: "Jemand hat mit diesen Werten genehmigt. Mit Ihrer Genehmigung unterschreiben \
                 auch Sie sie.",
        send: "Meine Entscheidung senden",
        faults: "Bitte prüfen Sie Ihre Angaben",
        fault: "Fehler",
        confirm: "Ist das Ihre Entscheidung?",
        confirm_why: "Ihre Antwort kam sehr schnell. Manche Mailprogramme öffnen Links und drücken \
                      Knöpfe von selbst. Bitte drücken Sie deshalb noch einmal.",
        confirm_approve: "Ja, ich genehmige",
        confirm_reject: "Ja, ich lehne ab",
        back: "Zurück zur Anfrage",
        send_again: "Es ist noch nichts entschieden: Das Formular war zu lange offen oder kam aus \
                     einem anderen Fenster. Bitte prüfen Sie Ihre Angaben und senden Sie sie \
                     noch einmal.",
    },
    page: Page {
        skip: "Zum Inhalt",
        waits_for: |address| format!("Eine Anfrage wartet auf {address}"),
        why_code: |service| {
            format!(
                "{service} zeigt sie nur, wem diese Adresse gehört. \
                 Lassen Sie einen Code an die Adresse senden und geben Sie ihn hier ein."
            )
        },
        send_code: "Code senden",
        send_code_again: "Neuen Code senden",
        code_sent: |address| {
            format!(
                "Falls jetzt ein Code gesendet werden darf, ist er unterwegs an {address}. \
                 Das kann eine Minute dauern."
            )
        },
        code: "Code aus der E-Mail",
        code_help: "Sechs Ziffern, 15 Minuten lang gültig.",
        wrong_code: |left| match left {
            0 => "Der Code ist falsch, und keiner gilt mehr. Bitte lassen Sie sich einen neuen \
                  senden."
                .to_owned(),
            _ => format!("Der Code ist falsch. Verbleibende Versuche: {left}."),
        },
        check_code: "Code prüfen",
        receipt: "Ihre Stimme ist gezählt",
        request: "Anfrage",
        still_open: "Die Anfrage ist noch offen.",
        change: "Meine Stimme ändern",
        may_change: "Sie können Ihre Stimme ändern, bis die Anfrage entschieden ist.",
        nothing_to_do: "Für Sie ist nichts mehr zu tun.",
        closed: "Diese Anfrage ist abgeschlossen",
        reason: "Grund",
        expired: "Dieser Link ist abgelaufen",
        expired_why: |address| {
            format!(
                "Ein neuer Link kann gesendet werden. Er geht an {address} und sonst niemanden."
            )
        },
        renew: "Neuen Link senden",
        link_sent: |address| {
            format!(
                "Falls jetzt ein Link gesendet werden darf, ist er unterwegs an {address}. \
                 Das kann eine Minute dauern."
            )
        },
    },
    mailbox: Mailbox {
        title: "Postfach für die Entwicklung",
        about: "Kein Mailserver ist eingerichtet: Jede E-Mail bleibt hier und wird nicht gesendet.",
        empty: "Noch keine E-Mails.",
        from: "Von",
        to: "An",
        subject: "Betreff",
        no_subject: "(kein Betreff)",
        older: "Ältere E-Mails",
        back: "Alle E-Mails",
        headers: "Kopfzeilen",
        text: "Textteil",
        html: "HTML-Teil",
        raw: "Rohdaten",
    },
    mail: MailTexts {
        request_subject: |title| format!("Bitte entscheiden: {title}"),
        request: |who| format!("{who} bittet um Ihre Entscheidung."),
        renewed: "Dieser Link ersetzt den früheren.",
        page_only: |count| format!("Nur auf der Seite zu sehen: {count} weitere."),
        button: "Prüfen und entscheiden",
        address: "Oder öffnen Sie diese Adresse:",
        careful: "Das Öffnen entscheidet nichts. Der Link ist für Sie: Bitte leiten Sie ihn nicht \
                  weiter.",
        not_needed_subject: |title| format!("Nicht mehr nötig: {title}"),
        not_needed: "Ihre Stimme ist nicht mehr nötig. Für Sie ist nichts mehr zu tun.",
        code_subject: |service| format!("Ihr Code für {service}"),
        code: "Ihr Code:",
        code_limit: "Er ist 15 Minuten lang gültig. Falls Sie ihn nicht verlangt haben, beachten \
                     Sie diese E-Mail nicht und geben Sie den Code niemandem.",
        receipt_subject: |title| format!("Ihre Stimme: {title}"),
        receipt: "Ihre Stimme ist gezählt.",
        receipt_not_you: "Falls Sie nicht abgestimmt haben, öffnen Sie gleich den Link der Anfrage \
                          und sagen Sie es Ihrer Administration.",
        outcome_subject: |ending, title| format!("{ending}: {title}"),
        result: "Ergebnis",
        alert_subject: |title| format!("Braucht eine Administration: {title}"),
        alert: "Eine Anfrage kann so nicht entschieden werden.",
        alert_reason: "Was nicht stimmt",
        foot: |service| format!("Gesendet von {service}. Antworten werden nicht gelesen."),
    },
    refusal,
    wrong,
    trouble,
};

fn as_one_of(what: &str, names: &str) -> String {
    match names {
        "" => what.to_owned(),
        _ => format!("{what} als {names}"),
    }
}

fn silence(result: TimeoutResult) -> Text {
    match result {
        TimeoutResult::Reject => "Ohne Entscheidung bis dahin gilt die Anfrage als abgelehnt.",
        TimeoutResult::Fail => "Ohne Entscheidung bis dahin schlägt der Schritt fehl.",
        TimeoutResult::Approve => "Ohne Entscheidung bis dahin gilt die Anfrage als genehmigt.",
        TimeoutResult::Continue => "Ohne Entscheidung bis dahin geht der Workflow ohne sie weiter.",
    }
}

fn level(level: Level) -> Text {
    match level {
        Level::Link => "hat den zugesandten Link geöffnet",
        Level::Code => "hat einen Code aus dem Postfach eingegeben",
        Level::Account => "war mit einem Konto angemeldet",
    }
}

fn comment_rule(rule: CommentRule) -> Text {
    match rule {
        CommentRule::Optional | CommentRule::Never => "(freiwillig)",
        CommentRule::OnReject => "(zum Ablehnen nötig)",
        CommentRule::OnApprove => "(zum Genehmigen nötig)",
        CommentRule::Always => "(nötig)",
    }
}

fn ending(ending: Ending) -> Text {
    match ending {
        Ending::Open => "Noch nicht entschieden",
        Ending::Approved => "Genehmigt",
        Ending::ApprovedByTime => "Durch Fristablauf genehmigt",
        Ending::Rejected => "Abgelehnt",
        Ending::OutOfReach => "Abgelehnt: genug Genehmigungen sind nicht mehr möglich",
        Ending::TimedOut => "Nicht rechtzeitig entschieden",
        Ending::Withdrawn => "Zurückgezogen",
        Ending::Cancelled => "Nicht mehr nötig",
        Ending::ApprovedByRight => "Von einer Administration genehmigt",
        Ending::RejectedByRight => "Von einer Administration abgelehnt",
        Ending::Faulted => "Kann nicht entschieden werden",
    }
}

fn refusal(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::Closed(_) => "Diese Anfrage ist abgeschlossen. Es wurde nichts geändert.",
        Refusal::SlotClosed => "Sie werden zu dieser Anfrage nicht mehr gefragt.",
        Refusal::Outdated => {
            "Die Anfrage hat sich geändert, seit Sie die Seite geöffnet haben. So ist sie jetzt: \
             Bitte prüfen Sie sie und entscheiden Sie noch einmal."
        }
        Refusal::LevelTooLow(Level::Account) => {
            "Über diese Anfrage kann nur entscheiden, wer mit einem Konto angemeldet ist."
        }
        Refusal::LevelTooLow(_) => "Bitte zeigen Sie zuerst, dass Sie dieses Postfach lesen.",
        Refusal::NotAsked => "Diese Anfrage geht an jemand anderen.",
        Refusal::NotEntitled => "Sie dürfen über diese Anfrage nicht mehr entscheiden.",
        Refusal::Separation => "Wer um eine Genehmigung bittet, darf sie nicht geben.",
        Refusal::NoDirectory => {
            "Es lässt sich gerade nicht prüfen, ob Sie entscheiden dürfen. Nichts ist verloren: \
             Bitte senden Sie es in einigen Minuten noch einmal."
        }
        Refusal::Input(_) => "Bitte prüfen Sie Ihre Angaben.",
        Refusal::TooOften => "Das wurde zu oft versucht. Bitte versuchen Sie es später.",
        Refusal::NoCode => "Gerade gilt kein Code. Bitte lassen Sie sich einen neuen senden.",
        Refusal::NotAllowed(_) => "Das ist nicht erlaubt.",
    };
    text.to_owned()
}

fn wrong(wrong: &InputWrong) -> String {
    let text = match wrong {
        InputWrong::Missing => "Hier muss etwas gewählt oder eingegeben werden.",
        InputWrong::NotAnOption => "Wählen Sie eine der Möglichkeiten.",
        InputWrong::NotA(kind) => not_a(*kind),
        InputWrong::TooSmall(least) => return format!("Das Kleinste ist {least}."),
        InputWrong::TooLarge(most) => return format!("Das Größte ist {most}."),
        InputWrong::TooShort(least) => return format!("Geben Sie mindestens {least} Zeichen ein."),
        InputWrong::TooLong(most) => return format!("Geben Sie höchstens {most} Zeichen ein."),
        InputWrong::Pattern => "Das hat nicht die verlangte Form.",
        InputWrong::Unknown => "Das Formular hat kein solches Feld.",
        InputWrong::Signed => "Jemand hat andere Werte unterschrieben. Sie sind nicht zu ändern.",
    };
    text.to_owned()
}

fn not_a(kind: FieldKind) -> Text {
    match kind {
        FieldKind::Text => "Geben Sie eine Zeile Text ein.",
        FieldKind::Multiline => "Geben Sie Text ein.",
        FieldKind::Integer => "Geben Sie eine ganze Zahl ein, etwa 12.",
        FieldKind::Number => "Geben Sie eine Zahl mit Punkt ein, etwa 12.5.",
        FieldKind::Boolean => "Wählen Sie Ja oder Nein.",
        FieldKind::Date => "Geben Sie ein Datum ein, etwa 2026-11-27.",
        FieldKind::Email => "Geben Sie eine Mailadresse ein, etwa anna@example.org.",
        FieldKind::Choice => "Wählen Sie eine der Möglichkeiten.",
    }
}

fn trouble(what: Trouble) -> [Text; 2] {
    match what {
        Trouble::NotFound => [
            "Diese Adresse führt nirgendwohin",
            "Manche Mailprogramme brechen lange Adressen um. Bitte kopieren Sie den ganzen Link \
             aus der E-Mail.",
        ],
        Trouble::TooMany => [
            "Zu viele Anfragen",
            "Nichts ist verloren. Bitte öffnen Sie den Link in einer Minute noch einmal.",
        ],
        Trouble::TooLarge => [
            "Es wurde zu viel gesendet",
            "Es wurde nichts gespeichert. Bitte gehen Sie zurück, kürzen Sie Ihre Angaben und \
             senden Sie sie noch einmal.",
        ],
        Trouble::Unavailable => [
            "Zurzeit nicht erreichbar",
            "Es wurde nichts gespeichert. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        ],
        Trouble::Forbidden => [
            "Das wurde nicht angenommen",
            "Das Formular kam nicht von dieser Seite. Bitte öffnen Sie den Link aus der E-Mail \
             noch einmal.",
        ],
        Trouble::NoKey => [
            "Diese Seite braucht ihren Schlüssel",
            "Bitte öffnen Sie die Adresse, die der Server am Anfang gezeigt hat. Darin steht er.",
        ],
        Trouble::Method => [
            "Das geht hier nicht",
            "Bitte öffnen Sie den Link aus der E-Mail noch einmal.",
        ],
        Trouble::Form => [
            "Das Formular war nicht zu lesen",
            "Es wurde nichts gespeichert. Bitte öffnen Sie den Link aus der E-Mail noch einmal.",
        ],
    }
}
