mail-hello = Bonjour { $user },
mail-hello-nobody = Bonjour,
mail-copy = Si le bouton ne fonctionne pas, ouvrez cette adresse dans votre navigateur :
mail-until = Le lien est valable jusqu’au { $time }.
mail-ignore = Si ce n’était pas vous, vous pouvez ignorer ce message. Rien ne changera.
mail-device = Appareil
mail-network = Réseau
mail-time = Date
mail-sent-by = Envoyé par { $brand } :
mail-sign-up-subject = Confirmez votre adresse pour { $brand }
mail-sign-up-text = Confirmez cette adresse pour terminer votre inscription à { $brand }.
mail-sign-up-button = Confirmer l’adresse
mail-sign-up-taken-subject = Vous avez déjà un compte { $brand }
mail-sign-up-taken-text = Cette adresse a été utilisée pour s’inscrire à { $brand }, mais elle a déjà un compte. Si c’était vous, connectez-vous plutôt. Si vous avez oublié votre mot de passe, vous pouvez en choisir un nouveau sur la page de connexion.
mail-verify-email-subject = Confirmez votre adresse pour { $brand }
mail-verify-email-text = Confirmez que cette adresse est la vôtre.
mail-verify-email-button = Confirmer l’adresse
mail-email-change-old-subject = Votre adresse { $brand } a été modifiée
mail-email-change-old-text = L’adresse de votre compte est maintenant { $address }. Si ce n’était pas vous, annulez cette modification maintenant.
mail-email-change-old-button = Annuler la modification
mail-password-reset-subject = Choisissez un nouveau mot de passe pour { $brand }
mail-password-reset-text = Un nouveau mot de passe a été demandé pour votre compte { $brand }.
mail-password-reset-button = Choisir un mot de passe
mail-password-changed-subject = Votre mot de passe { $brand } a été modifié
mail-password-changed-text = Le mot de passe de votre compte a été modifié. Si ce n’était pas vous, sécurisez votre compte maintenant.
mail-invitation-subject = Vous êtes invité sur { $brand }
mail-invitation-text = Vous êtes invité à créer un compte { $brand }.
mail-invitation-button = Voir l’invitation
mail-organization-invitation-subject = Vous êtes invité à rejoindre une organisation sur { $brand }
mail-organization-invitation-text = { $inviter } vous invite à rejoindre { $organization }.
mail-organization-invitation-button = Voir l’invitation
mail-many-failures-subject = Échecs de connexion à votre compte { $brand }
mail-many-failures-text = { $count ->
    [one] Il y a eu { $count } échec de connexion à votre compte.
   *[other] Il y a eu { $count } échecs de connexion à votre compte.
  } Vous pouvez toujours vous connecter comme d’habitude. Si ce n’était pas vous, vérifiez que vous n’utilisez votre mot de passe nulle part ailleurs.
mail-new-device-subject = Nouvelle connexion à votre compte { $brand }
mail-new-device-text = Votre compte a été utilisé sur un appareil où il ne l’avait jamais été. Si c’était vous, il n’y a rien à faire.
mail-factor-added-subject = Un moyen de connexion a été ajouté à votre compte { $brand }
mail-factor-added-text = { $factor } a été ajouté à votre compte. Si ce n’était pas vous, sécurisez votre compte maintenant.
mail-factor-removed-subject = Un moyen de connexion a été retiré de votre compte { $brand }
mail-factor-removed-text = { $factor } a été retiré de votre compte. Si ce n’était pas vous, sécurisez votre compte maintenant.
mail-factor-reset-subject = La connexion en deux étapes de votre compte { $brand } a été réinitialisée
mail-factor-reset-text = Un administrateur a réinitialisé la connexion en deux étapes de votre compte. Si vous ne l’avez pas demandé, contactez votre administrateur.
mail-factor-reset-button = Continuer
mail-backup-codes-low-subject = Il vous reste peu de codes de secours pour { $brand }
mail-backup-codes-low-text = { $count ->
    [one] Il vous reste { $count } code de secours.
   *[other] Il vous reste { $count } codes de secours.
  } Créez-en de nouveaux sur la page de votre compte, sous « Sécurité ».
mail-account-linked-subject = { $brand } : un compte a été associé
mail-account-linked-text = Votre compte peut maintenant être utilisé avec { $provider }. Si ce n’était pas vous, sécurisez votre compte maintenant.
mail-account-unlinked-subject = { $brand } : un compte a été dissocié
mail-account-unlinked-text = Votre compte ne peut plus être utilisé avec { $provider }.
mail-account-deletion-subject = Votre compte { $brand } va être supprimé
mail-account-deletion-text = Votre compte et ses données seront supprimés le { $time }. D’ici là, vous pouvez le garder.
mail-account-deletion-button = Garder mon compte
mail-account-deleted-subject = Votre compte { $brand } a été supprimé
mail-account-deleted-text = Votre compte et ses données ont été supprimés.
mail-test-subject = Message de test de { $brand }
mail-test-text = Les messages de { $brand } arrivent.
mail-not-me-button = Ce n’était pas moi
mailbox-lead = Les messages de ce processus. Ils ne quittent cette machine que si un serveur de messagerie est configuré.
mailbox-none = Il n’y a pas encore de message.
mailbox-html = Partie HTML
mailbox-all = Tous les messages
