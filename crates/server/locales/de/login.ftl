login-title = Anmelden
login-title-error = Fehler: Anmelden
login-heading-app = Bei { $app } anmelden
login-lead = um Ihr Konto zu sehen
login-again = Sie haben sich in einem anderen Tab an- oder abgemeldet, oder Ihre Sitzung ist abgelaufen. Ihre Eingaben wurden deshalb nicht verwendet. Bitte melden Sie sich noch einmal an.
login-confirm = Bestätigen Sie, dass Sie es sind
login-confirm-lead = Geben Sie Ihr Passwort noch einmal ein. Sie sind dabei, etwas Wichtiges zu ändern.
login-username = Benutzername oder E-Mail-Adresse
login-password = Passwort
login-show = Anzeigen
login-hide = Verbergen
login-remember = Angemeldet bleiben
login-continue = Weiter
login-or = Oder mit einem anderen Konto
login-upstream = Weiter mit { $provider }

login-wrong = Benutzername oder Passwort ist falsch.
login-no-username = Geben Sie Ihren Benutzernamen ein.
login-no-password = Geben Sie Ihr Passwort ein.
login-nothing = Geben Sie Ihren Benutzernamen und Ihr Passwort ein.
login-too-many =
    { $minutes ->
        [one] Zu viele Versuche. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.
       *[other] Zu viele Versuche. Bitte warten Sie { $minutes } Minuten und versuchen Sie es dann noch einmal.
    }
