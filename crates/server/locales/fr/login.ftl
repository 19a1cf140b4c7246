login-title = Se connecter
login-title-error = Erreur : se connecter
login-heading-app = Se connecter à { $app }
login-lead = pour voir votre compte
login-again = Vous vous êtes connecté ou déconnecté dans un autre onglet, ou votre session a pris fin : votre saisie n’a donc pas été prise en compte. Veuillez vous connecter à nouveau.
login-confirm = Confirmez que c’est bien vous
login-confirm-lead = Saisissez à nouveau votre mot de passe. Vous allez modifier quelque chose d’important.
login-username = Nom d’utilisateur ou adresse e-mail
login-password = Mot de passe
login-show = Afficher
login-hide = Masquer
login-remember = Rester connecté
login-continue = Continuer
login-or = Ou avec un autre compte
login-upstream = Continuer avec { $provider }

login-wrong = Nom d’utilisateur ou mot de passe incorrect.
login-no-username = Saisissez votre nom d’utilisateur.
login-no-password = Saisissez votre mot de passe.
login-nothing = Saisissez votre nom d’utilisateur et votre mot de passe.
login-too-many =
    { $minutes ->
        [one] Trop de tentatives. Veuillez patienter une minute, puis réessayer.
       *[other] Trop de tentatives. Veuillez patienter { $minutes } minutes, puis réessayer.
    }
