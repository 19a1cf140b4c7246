verify-email-title = Confirmar su dirección
verify-email-lead = Confirme que { $email } es su dirección. Su nombre de usuario es { $user }.
verify-email-elsewhere = Ha abierto este enlace en otro navegador que el del registro. Elija aquí su contraseña: la anterior no se usa.
verify-email-confirm = Confirmar y continuar
verify-email-has-account = { $email } ya tiene una cuenta. Inicie sesión con ella.
