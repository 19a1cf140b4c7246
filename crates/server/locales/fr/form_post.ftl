form-post-title = Retour à l’application
form-post-heading = Retour vers { $app }
form-post-noscript = Les scripts sont désactivés dans ce navigateur : il faut donc encore un clic.
form-post-continue = Continuer
