choose-account-title = Choisir un compte
choose-account-lead-app = pour continuer vers { $app }
choose-account-lead = pour voir votre compte
choose-account-wanted = { $app } demande { $wanted }, qui n’est pas connecté ici.
choose-account-again = Votre connexion a changé dans un autre onglet, votre saisie n’a donc pas été prise en compte. Veuillez choisir qui continue.
choose-account-continue-as = Continuer en tant que
choose-account-other = Utiliser un autre compte
