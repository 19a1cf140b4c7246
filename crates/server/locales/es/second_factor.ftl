second-factor-title = Confirme que es usted
second-factor-title-error = Error: Confirme que es usted
second-factor-signing-in = Inicio de sesión como { $user }
second-factor-code = Código
second-factor-hint = De su aplicación de autenticación, o uno de sus códigos de respaldo.
second-factor-trust = Confiar en este dispositivo durante 30 días
second-factor-continue = Continuar
second-factor-restart = Empezar de nuevo

second-factor-enrol-title = Configurar un segundo paso
second-factor-enrol-title-error = Error: Configurar un segundo paso
second-factor-enrol-scan = Escanee esto con una aplicación de autenticación. Cada 30 segundos muestra un código nuevo, que usted introduce al iniciar sesión.
second-factor-qr = Código QR para su aplicación de autenticación
second-factor-key = ¿No puede escanearlo? Introduzca esta clave en la aplicación:
second-factor-enrol-code = Código que muestra la aplicación
second-factor-enrol-confirm = Confirmar
second-factor-enrol-passkey = Configurar una llave de acceso
second-factor-skip = Ahora no

second-factor-codes-title = Sus códigos de respaldo
second-factor-codes-lead = Cada uno sirve una vez en lugar de su segundo paso, por ejemplo si ha perdido su teléfono.
second-factor-codes-once = Imprímalos o anótelos ahora. No se volverán a mostrar.
second-factor-go-on = Continuar
second-factor-back = Volver a su cuenta
second-factor-left-title = Se acaban sus códigos de respaldo
second-factor-left =
    { $left ->
        [0] Ha usado su último código de respaldo.
        [one] Le queda un código de respaldo.
       *[other] Le quedan { $left } códigos de respaldo.
    }
second-factor-left-advice = Cree otros nuevos en la página de su cuenta, en «Seguridad».

second-factor-no-code = Introduzca el código.
second-factor-wrong = Ese código es incorrecto o ya se ha usado. Espere al siguiente.
second-factor-too-old = Esta página ha estado abierta demasiado tiempo. Escanee el código nuevo.
second-factor-too-many =
    { $minutes ->
        [one] Demasiados intentos. Espere un minuto y vuelva a intentarlo.
       *[other] Demasiados intentos. Espere { $minutes } minutos y vuelva a intentarlo.
    }

second-factor-app = Aplicación de autenticación
second-factor-app-since = Configurada { $when }
second-factor-app-none = Sin configurar
second-factor-app-remove = Quitar
second-factor-app-add = Configurar
second-factor-backup = Códigos de respaldo
second-factor-backup-new = Crear códigos nuevos
second-factor-trusted = Dispositivos de confianza
second-factor-trusted-lead = No se les pide un código al iniciar sesión.
second-factor-trusted-used = Usado { $when }
second-factor-trusted-forget = Olvidar
second-factor-done-removed = Su aplicación de autenticación se ha quitado.
second-factor-done-forgotten = El dispositivo ya no es de confianza.
second-factor-codes-left =
    { $left ->
        [0] No queda ninguno
        [one] Queda uno
       *[other] Quedan { $left }
    }
