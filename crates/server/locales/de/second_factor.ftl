second-factor-title = Bestätigen Sie, dass Sie es sind
second-factor-title-error = Fehler: Bestätigen Sie, dass Sie es sind
second-factor-signing-in = Anmeldung als { $user }
second-factor-code = Code
second-factor-hint = Aus Ihrer Authenticator-App, oder einer Ihrer Ersatzcodes.
second-factor-trust = Diesem Gerät 30 Tage lang vertrauen
second-factor-continue = Weiter
second-factor-restart = Von vorn beginnen

second-factor-enrol-title = Zweiten Schritt einrichten
second-factor-enrol-title-error = Fehler: Zweiten Schritt einrichten
second-factor-enrol-scan = Scannen Sie dies mit einer Authenticator-App. Sie zeigt alle 30 Sekunden einen neuen Code, den Sie beim Anmelden eingeben.
second-factor-qr = QR-Code für Ihre Authenticator-App
second-factor-key = Das Scannen klappt nicht? Geben Sie diesen Schlüssel in der App ein:
second-factor-enrol-code = Code, den die App zeigt
second-factor-enrol-confirm = Bestätigen
second-factor-enrol-passkey = Stattdessen einen Passkey einrichten
second-factor-skip = Jetzt nicht

second-factor-codes-title = Ihre Ersatzcodes
second-factor-codes-lead = Jeder gilt einmal anstelle Ihres zweiten Schritts, zum Beispiel wenn Sie Ihr Telefon verloren haben.
second-factor-codes-once = Drucken Sie sie aus oder schreiben Sie sie jetzt auf. Sie werden nicht noch einmal gezeigt.
second-factor-go-on = Weiter
second-factor-back = Zurück zu Ihrem Konto
second-factor-left-title = Ihre Ersatzcodes gehen zu Ende
second-factor-left =
    { $left ->
        [0] Sie haben Ihren letzten Ersatzcode verwendet.
        [one] Sie haben noch einen Ersatzcode.
       *[other] Sie haben noch { $left } Ersatzcodes.
    }
second-factor-left-advice = Erzeugen Sie neue auf Ihrer Kontoseite unter „Sicherheit“.

second-factor-no-code = Geben Sie den Code ein.
second-factor-wrong = Dieser Code ist falsch oder wurde schon verwendet. Bitte warten Sie auf den nächsten.
second-factor-too-old = Diese Seite war zu lange offen. Bitte scannen Sie den neuen Code.
second-factor-too-many =
    { $minutes ->
        [one] Zu viele Versuche. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.
       *[other] Zu viele Versuche. Bitte warten Sie { $minutes } Minuten und versuchen Sie es dann noch einmal.
    }

second-factor-app = Authenticator-App
second-factor-app-since = Eingerichtet { $when }
second-factor-app-none = Nicht eingerichtet
second-factor-app-remove = Entfernen
second-factor-app-add = Einrichten
second-factor-backup = Ersatzcodes
second-factor-backup-new = Neue Codes erzeugen
second-factor-trusted = Vertrauenswürdige Geräte
second-factor-trusted-lead = Sie werden beim Anmelden nicht nach einem Code gefragt.
second-factor-trusted-used = Verwendet { $when }
second-factor-trusted-forget = Vertrauen entziehen
second-factor-done-removed = Ihre Authenticator-App wurde entfernt.
second-factor-done-forgotten = Dem Gerät wird nicht mehr vertraut.
second-factor-codes-left =
    { $left ->
        [0] Keiner übrig
        [one] Einer übrig
       *[other] { $left } übrig
    }
