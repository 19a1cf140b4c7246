new-password-title = Wählen Sie ein neues Passwort
new-password-title-error = Fehler: Wählen Sie ein neues Passwort
new-password-lead = Bevor es weitergeht, muss Ihr Passwort geändert werden. Überall sonst werden Sie abgemeldet.
new-password-set = Passwort ändern und fortfahren
