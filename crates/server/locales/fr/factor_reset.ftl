factor-reset-title = Supprimer vos deuxièmes étapes
factor-reset-for = Pour le compte { $user }
factor-reset-lead = Votre application d’authentification, vos clés d’accès, vos codes de secours et vos appareils de confiance seront supprimés. Ensuite, votre mot de passe suffit pour vous connecter, jusqu’à ce que vous configuriez une nouvelle deuxième étape.
factor-reset-remove = Supprimer toutes les deuxièmes étapes
factor-reset-not-you = Vous ne l’avez pas demandé, ou vous avez retrouvé votre deuxième étape ? Connectez-vous avec elle : ce lien ne fonctionnera plus.
factor-reset-early = Ce lien fonctionne à partir de ce moment : { $when }.
factor-reset-done = Vos deuxièmes étapes sont supprimées
factor-reset-done-lead = Connectez-vous avec votre mot de passe et configurez une nouvelle deuxième étape.
