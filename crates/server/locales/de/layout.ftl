layout-development = ENTWICKLUNG
layout-development-note = Demo-Benutzer und Demo-Schlüssel, nur auf diesem Rechner
layout-language = Deutsch
layout-tagline = Ein Konto für alle Ihre Apps.
layout-help = Hilfe
layout-privacy = Datenschutz
layout-terms = Nutzungsbedingungen
layout-back = Zurück zu { $app }
