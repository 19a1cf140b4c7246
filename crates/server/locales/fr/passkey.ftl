passkey-title = Utilisez votre clé d’accès
passkey-title-error = Erreur : Utilisez votre clé d’accès
passkey-lead = Confirmez avec votre empreinte, votre visage ou le verrouillage de l’écran.
passkey-use = Utiliser une clé d’accès
passkey-cancelled = Cela n’a pas fonctionné ou a été annulé. Veuillez réessayer.
passkey-refused = Cette clé d’accès n’a pas été acceptée. Veuillez réessayer ou vous connecter autrement.
passkey-no-script = Les clés d’accès ont besoin de JavaScript et d’un navigateur récent.
passkey-or = Ou
passkey-other-way = Se connecter autrement

passkey-list = Clés d’accès
passkey-list-lead = Avec une clé d’accès, vous vous connectez par empreinte, visage ou verrouillage de l’écran, sans mot de passe. Elle ne se devine pas et ne fonctionne qu’ici.
passkey-count =
    { $passkeys ->
        [0] Vous n’en avez pas encore
        [one] Vous en avez une
       *[other] Vous en avez { $passkeys }
    }
passkey-manage = Gérer
passkey-synced = Sur tous vos appareils
passkey-one-device = Sur un seul appareil
passkey-added = Ajoutée { $when }
passkey-last-used = Utilisée { $when }
passkey-rename = Renommer
passkey-name = Nom de la clé d’accès
passkey-save = Enregistrer
passkey-remove = Supprimer
passkey-new-name = Nom de la nouvelle clé d’accès
passkey-add = Ajouter une clé d’accès
passkey-no-name = Saisissez un nom de 64 caractères au plus.
passkey-not-made = La clé d’accès n’a pas été ajoutée. Elle est peut-être déjà sur cet appareil. Veuillez réessayer.
passkey-not-added = Cette clé d’accès est déjà utilisée, ou vous en avez le plus grand nombre possible.
passkey-last = C’est votre seul moyen de connexion. Définissez d’abord un mot de passe ou ajoutez une autre clé d’accès.
passkey-unavailable = Les clés d’accès ont besoin d’un nom de domaine. Ce serveur est joint par son adresse IP.
passkey-done-added = Votre clé d’accès a été ajoutée.
passkey-done-renamed = Le nouveau nom a été enregistré.
passkey-done-removed = La clé d’accès a été supprimée. Vous pouvez aussi l’effacer de votre appareil.
