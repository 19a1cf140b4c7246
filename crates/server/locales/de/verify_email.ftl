verify-email-title = Adresse bestätigen
verify-email-lead = Bestätigen Sie, dass { $email } Ihre Adresse ist. Ihr Benutzername ist { $user }.
verify-email-elsewhere = Sie haben diesen Link in einem anderen Browser geöffnet als dem, in dem die Registrierung begann. Wählen Sie Ihr Passwort hier: Das frühere gilt nicht.
verify-email-confirm = Bestätigen und weiter
verify-email-has-account = { $email } hat inzwischen ein Konto. Melden Sie sich damit an.
