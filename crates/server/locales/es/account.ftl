account-title = Su cuenta
account-signed-in-as = Sesión iniciada como { $name }
account-sign-out = Cerrar sesión
account-done-session = Se ha cerrado la sesión en ese dispositivo.
account-done-others = Se ha cerrado la sesión en todos los demás dispositivos.
account-done-revoked = La aplicación ya no tiene acceso.
account-sections = Secciones
account-profile = Perfil
account-security = Seguridad
account-devices = Dispositivos
account-apps = Aplicaciones
account-activity = Actividad

account-name = Nombre
account-username = Nombre de usuario
account-email = Correo electrónico
account-email-verified = verificado
account-email-unverified = sin verificar
account-email-none = ninguno

account-device-count =
    { $count ->
        [one] Sesión iniciada en { $count } dispositivo
       *[other] Sesión iniciada en { $count } dispositivos
    }
account-device-advice = Si no reconoce alguno, cierre la sesión en todos los demás y pida una contraseña nueva a su administrador.
account-sign-out-others = Cerrar sesión en los demás

account-this-device = este dispositivo
account-active = Activo { $when } desde { $address }
account-started = Sesión iniciada { $when }
account-remembered = La sesión se mantiene hasta el { $day }
account-sign-out-which = de { $device }, activo { $when }
account-browser-on = { $browser } en { $system }
account-some-browser-on = Un navegador en { $system }
account-unknown-browser = Un navegador desconocido

account-no-apps = Ninguna aplicación tiene acceso a su cuenta.
account-apps-lead = Actúan por usted hasta que les retire el acceso.
account-used = Usada { $when }
account-unused = No se usa ahora
account-revoke = Retirar
account-revoke-which = el acceso de { $app }
account-late-retry = Esta aplicación usó un token antiguo { $when }. Eso ocurre cuando un portátil estaba en suspensión. Si no fue usted, retírele el acceso.

account-password = Contraseña
account-password-ask = Inicia sesión con ella.
account-password-none = No tiene ninguna.

account-organizations = Organizaciones

account-done-profile = Su perfil se ha guardado.
account-given-name = Nombre de pila
account-family-name = Apellidos
account-name-bad = Un nombre tiene como máximo 100 caracteres, todos visibles.
account-language = Idioma
account-language-browser = El del navegador
account-save = Guardar
account-profile-full = No hay sitio para esto: su cuenta tiene demasiados datos. Diríjase a su administrador.
