choose-organization-title = Organisation wählen
choose-organization-lead = Weiter zu { $app } als { $user }
choose-organization-again = Ihre Anmeldung hat sich in einem anderen Tab geändert; Ihre Eingabe wurde nicht verwendet. Bitte wählen Sie erneut.
choose-organization-legend = Handeln für
choose-organization-continue = Weiter
choose-organization-offer = Mit Ihrer Adresse bei { $domain } können Sie { $organization } beitreten.
