end-session-title = Se déconnecter
end-session-heading = Se déconnecter ?
end-session-lead = Cela met fin à votre session chez { $provider } dans ce navigateur, et dans les applications auxquelles vous vous êtes connecté d’ici.
end-session-stay = Rester connecté
end-session-done-title = Déconnecté
end-session-done-heading = Vous êtes déconnecté
end-session-done-lead = Sur un ordinateur partagé, fermez aussi toutes les fenêtres du navigateur.
end-session-again = Se reconnecter
