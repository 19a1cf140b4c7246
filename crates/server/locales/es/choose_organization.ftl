choose-organization-title = Elegir una organización
choose-organization-lead = Continúa a { $app } como { $user }
choose-organization-again = Su inicio de sesión cambió en otra pestaña y lo que introdujo no se usó. Elija de nuevo.
choose-organization-legend = Actuar en nombre de
choose-organization-continue = Continuar
choose-organization-offer = Su dirección de { $domain } le permite unirse a { $organization }.
