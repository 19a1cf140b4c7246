login-title = Iniciar sesión
login-title-error = Error: iniciar sesión
login-heading-app = Iniciar sesión en { $app }
login-lead = para ver su cuenta
login-again = Ha iniciado o cerrado sesión en otra pestaña, o su sesión ha terminado, así que no se ha usado lo que escribió. Inicie sesión de nuevo.
login-confirm = Confirme que es usted
login-confirm-lead = Escriba de nuevo su contraseña. Va a cambiar algo importante.
login-username = Nombre de usuario o correo electrónico
login-password = Contraseña
login-show = Mostrar
login-hide = Ocultar
login-remember = Mantener la sesión iniciada
login-continue = Continuar
login-or = O con otra cuenta
login-upstream = Continuar con { $provider }

login-wrong = El nombre de usuario o la contraseña no son correctos.
login-no-username = Escriba su nombre de usuario.
login-no-password = Escriba su contraseña.
login-nothing = Escriba su nombre de usuario y su contraseña.
login-too-many =
    { $minutes ->
        [one] Demasiados intentos. Espere un minuto y vuelva a intentarlo.
       *[other] Demasiados intentos. Espere { $minutes } minutos y vuelva a intentarlo.
    }
