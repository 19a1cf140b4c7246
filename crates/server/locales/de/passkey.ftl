passkey-title = Ihren Passkey verwenden
passkey-title-error = Fehler: Ihren Passkey verwenden
passkey-lead = Bestätigen Sie mit Fingerabdruck, Gesicht oder Bildschirmsperre.
passkey-use = Passkey verwenden
passkey-cancelled = Das hat nicht geklappt oder wurde abgebrochen. Bitte versuchen Sie es noch einmal.
passkey-refused = Dieser Passkey wurde nicht angenommen. Bitte versuchen Sie es noch einmal oder melden Sie sich anders an.
passkey-no-script = Passkeys brauchen JavaScript und einen aktuellen Browser.
passkey-or = Oder
passkey-other-way = Anders anmelden

passkey-list = Ihre Passkeys
passkey-list-lead = Mit einem Passkey melden Sie sich per Fingerabdruck, Gesicht oder Bildschirmsperre an, ohne Passwort. Er lässt sich nicht erraten und funktioniert nur hier.
passkey-count =
    { $passkeys ->
        [0] Sie haben noch keinen
        [one] Sie haben einen
       *[other] Sie haben { $passkeys }
    }
passkey-manage = Verwalten
passkey-synced = Auf allen Ihren Geräten
passkey-one-device = Auf einem Gerät
passkey-added = Hinzugefügt { $when }
passkey-last-used = Benutzt { $when }
passkey-rename = Umbenennen
passkey-name = Name des Passkeys
passkey-save = Speichern
passkey-remove = Entfernen
passkey-new-name = Name des neuen Passkeys
passkey-add = Passkey hinzufügen
passkey-no-name = Geben Sie einen Namen mit höchstens 64 Zeichen ein.
passkey-not-made = Der Passkey wurde nicht hinzugefügt. Vielleicht ist er schon auf diesem Gerät. Bitte versuchen Sie es noch einmal.
passkey-not-added = Dieser Passkey wird schon verwendet, oder Sie haben so viele, wie Sie haben können.
passkey-last = So können Sie sich als Einziges noch anmelden. Legen Sie zuerst ein Passwort fest oder fügen Sie einen weiteren Passkey hinzu.
passkey-unavailable = Passkeys brauchen einen Domainnamen. Dieser Server ist unter seiner IP-Adresse erreichbar.
passkey-done-added = Ihr Passkey wurde hinzugefügt.
passkey-done-renamed = Der neue Name wurde gespeichert.
passkey-done-removed = Der Passkey wurde entfernt. Sie können ihn auch auf Ihrem Gerät löschen.
