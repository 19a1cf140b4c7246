new-password-title = Choisissez un nouveau mot de passe
new-password-title-error = Erreur : Choisissez un nouveau mot de passe
new-password-lead = Votre mot de passe doit être modifié avant de continuer. Vous serez déconnecté partout ailleurs.
new-password-set = Modifier le mot de passe et continuer
