verify-email-title = Confirmer votre adresse
verify-email-lead = Confirmez que { $email } est votre adresse. Votre nom d’utilisateur est { $user }.
verify-email-elsewhere = Vous avez ouvert ce lien dans un autre navigateur que celui de l’inscription. Choisissez ici votre mot de passe : le précédent n’est pas utilisé.
verify-email-confirm = Confirmer et continuer
verify-email-has-account = { $email } a désormais un compte. Connectez-vous avec celui-ci.
