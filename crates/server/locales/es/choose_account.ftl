choose-account-title = Elija una cuenta
choose-account-lead-app = para continuar a { $app }
choose-account-lead = para ver su cuenta
choose-account-wanted = { $app } pide a { $wanted }, que no ha iniciado sesión aquí.
choose-account-again = Su sesión ha cambiado en otra pestaña, así que no se ha usado lo que escribió. Elija quién continúa.
choose-account-continue-as = Continuar como
choose-account-other = Usar otra cuenta
