mail-hello = Guten Tag { $user },
mail-hello-nobody = Guten Tag,
mail-copy = Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse im Browser:
mail-until = Der Link gilt bis { $time }.
mail-ignore = Wenn Sie das nicht waren, können Sie diese E-Mail ignorieren. Es ändert sich nichts.
mail-device = Gerät
mail-network = Netzwerk
mail-time = Zeitpunkt
mail-sent-by = Gesendet von { $brand }:
mail-sign-up-subject = Bestätigen Sie Ihre Adresse für { $brand }
mail-sign-up-text = Bestätigen Sie diese Adresse, um die Registrierung bei { $brand } abzuschließen.
mail-sign-up-button = Adresse bestätigen
mail-sign-up-taken-subject = Sie haben schon ein Konto bei { $brand }
mail-sign-up-taken-text = Mit dieser Adresse wollte sich jemand bei { $brand } registrieren, aber sie hat schon ein Konto. Wenn Sie das waren, melden Sie sich stattdessen an. Falls Sie Ihr Passwort vergessen haben, können Sie auf der Anmeldeseite ein neues wählen.
mail-verify-email-subject = Bestätigen Sie Ihre Adresse für { $brand }
mail-verify-email-text = Bestätigen Sie, dass diese Adresse Ihnen gehört.
mail-verify-email-button = Adresse bestätigen
mail-email-change-old-subject = Ihre Adresse bei { $brand } wurde geändert
mail-email-change-old-text = Die Adresse Ihres Kontos wurde in { $address } geändert. Wenn Sie das nicht waren, machen Sie die Änderung jetzt rückgängig.
mail-email-change-old-button = Änderung rückgängig machen
mail-password-reset-subject = Wählen Sie ein neues Passwort für { $brand }
mail-password-reset-text = Für Ihr Konto bei { $brand } wurde ein neues Passwort angefordert.
mail-password-reset-button = Neues Passwort wählen
mail-password-changed-subject = Ihr Passwort bei { $brand } wurde geändert
mail-password-changed-text = Das Passwort Ihres Kontos wurde geändert. Wenn Sie das nicht waren, sichern Sie Ihr Konto jetzt.
mail-invitation-subject = Sie sind zu { $brand } eingeladen
mail-invitation-text = Sie sind eingeladen, ein Konto bei { $brand } anzulegen.
mail-invitation-button = Einladung ansehen
mail-organization-invitation-subject = Sie sind in eine Organisation bei { $brand } eingeladen
mail-organization-invitation-text = { $inviter } lädt Sie zu { $organization } ein.
mail-organization-invitation-button = Einladung ansehen
mail-many-failures-subject = Fehlgeschlagene Anmeldungen bei Ihrem Konto bei { $brand }
mail-many-failures-text = { $count ->
    [one] Es gab { $count } fehlgeschlagenen Versuch, sich bei Ihrem Konto anzumelden.
   *[other] Es gab { $count } fehlgeschlagene Versuche, sich bei Ihrem Konto anzumelden.
  } Sie können sich weiterhin wie gewohnt anmelden. Wenn Sie das nicht waren, stellen Sie sicher, dass Sie Ihr Passwort nirgends sonst verwenden.
mail-new-device-subject = Neue Anmeldung bei Ihrem Konto bei { $brand }
mail-new-device-text = Ihr Konto wurde auf einem Gerät benutzt, auf dem es bisher nicht benutzt wurde. Wenn Sie das waren, ist nichts zu tun.
mail-factor-added-subject = Ihrem Konto bei { $brand } wurde ein Anmeldeweg hinzugefügt
mail-factor-added-text = { $factor } wurde Ihrem Konto hinzugefügt. Wenn Sie das nicht waren, sichern Sie Ihr Konto jetzt.
mail-factor-removed-subject = Aus Ihrem Konto bei { $brand } wurde ein Anmeldeweg entfernt
mail-factor-removed-text = { $factor } wurde aus Ihrem Konto entfernt. Wenn Sie das nicht waren, sichern Sie Ihr Konto jetzt.
mail-factor-reset-subject = Die Anmeldung in zwei Schritten bei { $brand } wurde zurückgesetzt
mail-factor-reset-text = Die Anmeldung in zwei Schritten Ihres Kontos wurde von der Verwaltung zurückgesetzt. Wenn Sie nicht darum gebeten haben, wenden Sie sich an Ihre Verwaltung.
mail-factor-reset-button = Fortfahren
mail-backup-codes-low-subject = Für { $brand } sind nur noch wenige Ersatzcodes übrig
mail-backup-codes-low-text = { $count ->
    [one] Sie haben noch { $count } Ersatzcode.
   *[other] Sie haben noch { $count } Ersatzcodes.
  } Erstellen Sie neue auf Ihrer Kontoseite unter „Sicherheit“.
mail-account-linked-subject = { $brand }: Ein Konto wurde verknüpft
mail-account-linked-text = Ihr Konto kann jetzt mit { $provider } benutzt werden. Wenn Sie das nicht waren, sichern Sie Ihr Konto jetzt.
mail-account-unlinked-subject = { $brand }: Eine Verknüpfung wurde entfernt
mail-account-unlinked-text = Ihr Konto kann nicht mehr mit { $provider } benutzt werden.
mail-account-deletion-subject = Ihr Konto bei { $brand } wird gelöscht
mail-account-deletion-text = Ihr Konto und seine Daten werden gelöscht: { $time }. Bis dahin können Sie es behalten.
mail-account-deletion-button = Konto behalten
mail-account-deleted-subject = Ihr Konto bei { $brand } wurde gelöscht
mail-account-deleted-text = Ihr Konto und seine Daten wurden gelöscht.
mail-test-subject = Test-E-Mail von { $brand }
mail-test-text = E-Mails von { $brand } kommen an.
mail-not-me-button = Das war ich nicht
mailbox-lead = Die E-Mails dieses Prozesses. Sie verlassen diesen Rechner nur, wenn ein Mailserver konfiguriert ist.
mailbox-none = Es gibt noch keine E-Mails.
mailbox-html = HTML-Teil
mailbox-all = Alle E-Mails
