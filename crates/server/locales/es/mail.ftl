mail-hello = Hola, { $user }:
mail-hello-nobody = Hola:
mail-copy = Si el botón no funciona, abra esta dirección en su navegador:
mail-until = El enlace es válido hasta el { $time }.
mail-ignore = Si no ha sido usted, puede ignorar este mensaje. No cambiará nada.
mail-device = Dispositivo
mail-network = Red
mail-time = Fecha
mail-sent-by = Enviado por { $brand }:
mail-sign-up-subject = Confirme su dirección para { $brand }
mail-sign-up-text = Confirme esta dirección para terminar su registro en { $brand }.
mail-sign-up-button = Confirmar la dirección
mail-sign-up-taken-subject = Ya tiene una cuenta en { $brand }
mail-sign-up-taken-text = Se ha usado esta dirección para registrarse en { $brand }, pero ya tiene una cuenta. Si ha sido usted, inicie sesión. Si ha olvidado su contraseña, puede elegir una nueva en la página de inicio de sesión.
mail-verify-email-subject = Confirme su dirección para { $brand }
mail-verify-email-text = Confirme que esta dirección es suya.
mail-verify-email-button = Confirmar la dirección
mail-email-change-old-subject = Su dirección en { $brand } ha cambiado
mail-email-change-old-text = La dirección de su cuenta es ahora { $address }. Si no ha sido usted, deshaga el cambio ahora.
mail-email-change-old-button = Deshacer el cambio
mail-password-reset-subject = Elija una contraseña nueva para { $brand }
mail-password-reset-text = Se ha solicitado una contraseña nueva para su cuenta de { $brand }.
mail-password-reset-button = Elegir una contraseña
mail-password-changed-subject = Su contraseña de { $brand } ha cambiado
mail-password-changed-text = La contraseña de su cuenta ha cambiado. Si no ha sido usted, proteja su cuenta ahora.
mail-invitation-subject = Le invitan a { $brand }
mail-invitation-text = Le invitan a crear una cuenta de { $brand }.
mail-invitation-button = Ver la invitación
mail-organization-invitation-subject = Le invitan a una organización en { $brand }
mail-organization-invitation-text = { $inviter } le invita a { $organization }.
mail-organization-invitation-button = Ver la invitación
mail-many-failures-subject = Intentos fallidos de acceso a su cuenta de { $brand }
mail-many-failures-text = { $count ->
    [one] Ha habido { $count } intento fallido de acceso a su cuenta.
   *[other] Ha habido { $count } intentos fallidos de acceso a su cuenta.
  } Puede seguir iniciando sesión como siempre. Si no ha sido usted, asegúrese de no usar su contraseña en ningún otro sitio.
mail-new-device-subject = Nuevo inicio de sesión en su cuenta de { $brand }
mail-new-device-text = Su cuenta se ha usado en un dispositivo en el que no se había usado antes. Si ha sido usted, no tiene que hacer nada.
mail-factor-added-subject = Se ha añadido una forma de acceso a su cuenta de { $brand }
mail-factor-added-text = { $factor } se ha añadido a su cuenta. Si no ha sido usted, proteja su cuenta ahora.
mail-factor-removed-subject = Se ha quitado una forma de acceso de su cuenta de { $brand }
mail-factor-removed-text = { $factor } se ha quitado de su cuenta. Si no ha sido usted, proteja su cuenta ahora.
mail-factor-reset-subject = Se ha restablecido el acceso en dos pasos de su cuenta de { $brand }
mail-factor-reset-text = Un administrador ha restablecido el acceso en dos pasos de su cuenta. Si no lo ha pedido, contacte con su administrador.
mail-factor-reset-button = Continuar
mail-backup-codes-low-subject = Le quedan pocos códigos de respaldo para { $brand }
mail-backup-codes-low-text = { $count ->
    [one] Le queda { $count } código de respaldo.
   *[other] Le quedan { $count } códigos de respaldo.
  } Cree otros nuevos en la página de su cuenta, en «Seguridad».
mail-account-linked-subject = { $brand }: se ha vinculado una cuenta
mail-account-linked-text = Ahora su cuenta se puede usar con { $provider }. Si no ha sido usted, proteja su cuenta ahora.
mail-account-unlinked-subject = { $brand }: se ha desvinculado una cuenta
mail-account-unlinked-text = Su cuenta ya no se puede usar con { $provider }.
mail-account-deletion-subject = Su cuenta de { $brand } se va a eliminar
mail-account-deletion-text = Su cuenta y sus datos se eliminarán el { $time }. Hasta entonces puede conservarla.
mail-account-deletion-button = Conservar mi cuenta
mail-account-deleted-subject = Su cuenta de { $brand } se ha eliminado
mail-account-deleted-text = Su cuenta y sus datos se han eliminado.
mail-test-subject = Mensaje de prueba de { $brand }
mail-test-text = Los mensajes de { $brand } llegan.
mail-not-me-button = No he sido yo
mailbox-lead = Los mensajes de este proceso. Solo salen de este equipo si hay un servidor de correo configurado.
mailbox-none = Todavía no hay mensajes.
mailbox-html = Parte HTML
mailbox-all = Todos los mensajes
