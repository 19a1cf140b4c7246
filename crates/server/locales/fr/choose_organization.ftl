choose-organization-title = Choisir une organisation
choose-organization-lead = Vous continuez vers { $app } en tant que { $user }
choose-organization-again = Votre connexion a changé dans un autre onglet ; votre saisie n’a pas été utilisée. Veuillez choisir à nouveau.
choose-organization-legend = Agir pour
choose-organization-continue = Continuer
choose-organization-offer = Votre adresse chez { $domain } vous permet de rejoindre { $organization }.
