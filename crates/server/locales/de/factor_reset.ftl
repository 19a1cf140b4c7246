factor-reset-title = Zweite Schritte entfernen
factor-reset-for = Für das Konto { $user }
factor-reset-lead = Ihre Authenticator-App, Passkeys, Ersatzcodes und vertrauten Geräte werden entfernt. Danach genügt Ihr Passwort zum Anmelden, bis Sie einen neuen zweiten Schritt einrichten.
factor-reset-remove = Alle zweiten Schritte entfernen
factor-reset-not-you = Sie haben nicht darum gebeten, oder Ihr zweiter Schritt ist wieder da? Melden Sie sich damit an: Dieser Link funktioniert dann nicht mehr.
factor-reset-early = Dieser Link funktioniert ab { $when }.
factor-reset-done = Ihre zweiten Schritte sind entfernt
factor-reset-done-lead = Melden Sie sich mit Ihrem Passwort an, und richten Sie einen neuen zweiten Schritt ein.
