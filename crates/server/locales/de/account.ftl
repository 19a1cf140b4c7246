account-title = Ihr Konto
account-signed-in-as = Angemeldet als { $name }
account-sign-out = Abmelden
account-done-session = Das Gerät ist abgemeldet.
account-done-others = Alle anderen Geräte sind abgemeldet.
account-done-revoked = Die App hat keinen Zugriff mehr.
account-sections = Bereiche
account-profile = Profil
account-security = Sicherheit
account-devices = Geräte
account-apps = Apps
account-activity = Aktivität

account-name = Name
account-username = Benutzername
account-email = E-Mail
account-email-verified = bestätigt
account-email-unverified = nicht bestätigt
account-email-none = keine

account-device-count =
    { $count ->
        [one] Auf { $count } Gerät angemeldet
       *[other] Auf { $count } Geräten angemeldet
    }
account-device-advice = Wenn Sie eines davon nicht erkennen, melden Sie alle anderen ab und bitten Sie Ihre Administration um ein neues Passwort.
account-sign-out-others = Alle anderen abmelden

account-this-device = dieses Gerät
account-active = Aktiv { $when } von { $address }
account-started = Angemeldet { $when }
account-remembered = Bleibt angemeldet bis { $day }
account-sign-out-which = von { $device }, aktiv { $when }
account-browser-on = { $browser } auf { $system }
account-some-browser-on = Ein Browser auf { $system }
account-unknown-browser = Ein unbekannter Browser

account-no-apps = Keine App hat Zugriff auf Ihr Konto.
account-apps-lead = Sie handeln für Sie, bis Sie ihnen den Zugriff entziehen.
account-used = Benutzt { $when }
account-unused = Zurzeit nicht benutzt
account-revoke = Entziehen
account-revoke-which = des Zugriffs von { $app }
account-late-retry = Diese App hat { $when } ein älteres Token benutzt. Das kommt vor, wenn ein Laptop im Ruhezustand war. Wenn Sie das nicht waren, entziehen Sie ihr den Zugriff.

account-password = Passwort
account-password-ask = Sie melden sich damit an.
account-password-none = Sie haben keines.

account-organizations = Organisationen

account-done-profile = Ihr Profil ist gespeichert.
account-given-name = Vorname
account-family-name = Nachname
account-name-bad = Ein Name hat höchstens 100 Zeichen, die alle sichtbar sind.
account-language = Sprache
account-language-browser = Wie im Browser eingestellt
account-save = Speichern
account-profile-full = Dafür ist kein Platz: Ihr Konto hat zu viele Angaben. Wenden Sie sich an Ihre Administratorin oder Ihren Administrator.
