account-title = Votre compte
account-signed-in-as = Connecté en tant que { $name }
account-sign-out = Se déconnecter
account-done-session = Cet appareil est déconnecté.
account-done-others = Tous les autres appareils sont déconnectés.
account-done-revoked = L’application n’a plus accès.
account-sections = Rubriques
account-profile = Profil
account-security = Sécurité
account-devices = Appareils
account-apps = Applications
account-activity = Activité

account-name = Nom
account-username = Nom d’utilisateur
account-email = E-mail
account-email-verified = vérifié
account-email-unverified = non vérifié
account-email-none = aucun

account-device-count =
    { $count ->
        [one] Connecté sur { $count } appareil
       *[other] Connecté sur { $count } appareils
    }
account-device-advice = Si vous n’en reconnaissez pas un, déconnectez tous les autres et demandez un nouveau mot de passe à votre administrateur.
account-sign-out-others = Déconnecter tous les autres

account-this-device = cet appareil
account-active = Actif { $when } depuis { $address }
account-started = Connecté { $when }
account-remembered = Reste connecté jusqu’au { $day }
account-sign-out-which = de { $device }, actif { $when }
account-browser-on = { $browser } sur { $system }
account-some-browser-on = Un navigateur sur { $system }
account-unknown-browser = Un navigateur inconnu

account-no-apps = Aucune application n’a accès à votre compte.
account-apps-lead = Elles agissent en votre nom jusqu’à ce que vous révoquiez leur accès.
account-used = Utilisée { $when }
account-unused = Pas utilisée en ce moment
account-revoke = Révoquer
account-revoke-which = l’accès de { $app }
account-late-retry = Cette application a utilisé un ancien jeton { $when }. Cela arrive quand un ordinateur portable était en veille. Si ce n’était pas vous, révoquez son accès.

account-password = Mot de passe
account-password-ask = Vous vous connectez avec lui.
account-password-none = Vous n’en avez pas.

account-organizations = Organisations

account-done-profile = Votre profil est enregistré.
account-given-name = Prénom
account-family-name = Nom de famille
account-name-bad = Un nom a au plus 100 caractères, tous visibles.
account-language = Langue
account-language-browser = Celle du navigateur
account-save = Enregistrer
account-profile-full = Il n’y a pas de place pour cela : votre compte a trop de données. Adressez-vous à votre administrateur.
