new-password-title = Elija una contraseña nueva
new-password-title-error = Error: Elija una contraseña nueva
new-password-lead = Debe cambiar su contraseña antes de continuar. Se cerrará su sesión en todos los demás lugares.
new-password-set = Cambiar la contraseña y continuar
