federation-again = Se connecter à nouveau

federation-refused = Vous n’êtes pas connecté
federation-refused-what = { $provider } a refusé la connexion, ou vous l’y avez interrompue.
federation-refused-advice = Réessayez, ou connectez-vous autrement.

federation-unavailable = { $provider } ne répond pas
federation-unavailable-what = Nous n’avons pas pu joindre { $provider }, ou ce service est en panne en ce moment.
federation-unavailable-advice = Attendez une minute et réessayez, ou connectez-vous autrement.

federation-failed = La connexion a échoué
federation-failed-what = Nous n’avons pas pu accepter la réponse de { $provider }. Vous n’êtes pas connecté.
federation-failed-advice = Réessayez. Si cela se reproduit, adressez-vous aux responsables de ce site.

federation-start-again = Veuillez recommencer
federation-start-again-what = Cette réponse de { $provider } ne correspond à aucune connexion de ce navigateur, ou elle est arrivée trop tard.
federation-start-again-advice = Recommencez ici, et restez dans un seul navigateur jusqu’à la fin.

federation-not-fresh = Veuillez vous y connecter à nouveau
federation-not-fresh-what = L’application demande une nouvelle connexion, mais { $provider } en a utilisé une plus ancienne.
federation-not-fresh-advice = Déconnectez-vous de { $provider }, puis réessayez.

federation-no-account = Vous n’avez pas de compte ici
federation-no-account-what = Aucun compte ici ne correspond à votre compte { $provider }.
federation-no-account-advice = Si vous avez un compte ici, connectez-vous et associez { $provider } sous « Sécurité ». Sinon, adressez-vous aux responsables de ce site.

federation-ask-to-link = Vous avez déjà un compte ici
federation-ask-to-link-what = Il existe un compte avec l’adresse { $email }. Pour le protéger, vous seul pouvez y associer { $provider }.
federation-ask-to-link-advice = Connectez-vous comme auparavant. Ensuite vous pourrez associer { $provider } en un clic.
federation-ask-to-link-go = Se connecter à votre compte

federation-linked = Il appartient à un autre compte
federation-linked-what = Ce compte { $provider } est déjà associé à un autre compte ici.
federation-linked-advice = Connectez-vous avec { $provider } pour utiliser ce compte, ou dissociez-le d’abord.

federation-disabled = Ce compte ne peut pas être utilisé
federation-disabled-what = Le compte qui correspond à votre compte { $provider } a été désactivé.
federation-disabled-advice = Adressez-vous aux responsables de ce site.

federation-links = Comptes associés
federation-links-lead = Connectez-vous ici avec un compte d’un autre fournisseur.
federation-links-add = Associer { $provider }
federation-links-remove = Dissocier
federation-links-last = C’est votre seul moyen de vous connecter. Associez d’abord un autre compte, ou demandez un mot de passe.
federation-links-open = Comptes d’autres fournisseurs
federation-done-linked = Le compte est associé. Vous pouvez désormais vous connecter avec lui.
federation-done-unlinked = Le compte est dissocié.

federation-link-title = Associer { $provider } ?
federation-link-who = Vous vous êtes connecté chez { $provider } en tant que { $label }.
federation-link-what = Quiconque s’y connecte ainsi entrera désormais dans votre compte { $user } ici. Ne l’associez que si les deux sont à vous.
federation-link-yes = Associer
federation-link-no = Pas maintenant
