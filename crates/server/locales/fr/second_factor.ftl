second-factor-title = Confirmez votre identité
second-factor-title-error = Erreur : Confirmez votre identité
second-factor-signing-in = Connexion en tant que { $user }
second-factor-code = Code
second-factor-hint = De votre application d’authentification, ou l’un de vos codes de secours.
second-factor-trust = Faire confiance à cet appareil pendant 30 jours
second-factor-continue = Continuer
second-factor-restart = Recommencer

second-factor-enrol-title = Configurer une deuxième étape
second-factor-enrol-title-error = Erreur : Configurer une deuxième étape
second-factor-enrol-scan = Scannez ceci avec une application d’authentification. Elle affiche toutes les 30 secondes un nouveau code, que vous saisissez lors de la connexion.
second-factor-qr = Code QR pour votre application d’authentification
second-factor-key = Impossible de le scanner ? Saisissez cette clé dans l’application :
second-factor-enrol-code = Code affiché par l’application
second-factor-enrol-confirm = Confirmer
second-factor-enrol-passkey = Configurer plutôt une clé d’accès
second-factor-skip = Pas maintenant

second-factor-codes-title = Vos codes de secours
second-factor-codes-lead = Chacun fonctionne une fois à la place de votre deuxième étape, par exemple si vous avez perdu votre téléphone.
second-factor-codes-once = Imprimez-les ou notez-les maintenant. Ils ne seront plus affichés.
second-factor-go-on = Continuer
second-factor-back = Retour à votre compte
second-factor-left-title = Vos codes de secours s’épuisent
second-factor-left =
    { $left ->
        [0] Vous avez utilisé votre dernier code de secours.
        [one] Il vous reste un code de secours.
       *[other] Il vous reste { $left } codes de secours.
    }
second-factor-left-advice = Créez-en de nouveaux sur la page de votre compte, sous « Sécurité ».

second-factor-no-code = Saisissez le code.
second-factor-wrong = Ce code est incorrect ou a déjà été utilisé. Veuillez attendre le suivant.
second-factor-too-old = Cette page est restée ouverte trop longtemps. Veuillez scanner le nouveau code.
second-factor-too-many =
    { $minutes ->
        [one] Trop de tentatives. Veuillez attendre une minute, puis réessayer.
       *[other] Trop de tentatives. Veuillez attendre { $minutes } minutes, puis réessayer.
    }

second-factor-app = Application d’authentification
second-factor-app-since = Configurée { $when }
second-factor-app-none = Non configurée
second-factor-app-remove = Supprimer
second-factor-app-add = Configurer
second-factor-backup = Codes de secours
second-factor-backup-new = Créer de nouveaux codes
second-factor-trusted = Appareils de confiance
second-factor-trusted-lead = Aucun code ne leur est demandé lors de la connexion.
second-factor-trusted-used = Utilisé { $when }
second-factor-trusted-forget = Oublier
second-factor-done-removed = Votre application d’authentification a été supprimée.
second-factor-done-forgotten = L’appareil n’est plus de confiance.
second-factor-codes-left =
    { $left ->
        [0] Aucun restant
        [one] Un restant
       *[other] { $left } restants
    }
