passkey-title = Utilice su llave de acceso
passkey-title-error = Error: Utilice su llave de acceso
passkey-lead = Confirme con su huella, su rostro o el bloqueo de pantalla.
passkey-use = Usar una llave de acceso
passkey-cancelled = No ha funcionado o se ha cancelado. Inténtelo de nuevo.
passkey-refused = Esta llave de acceso no se ha aceptado. Inténtelo de nuevo o inicie sesión de otra forma.
passkey-no-script = Las llaves de acceso necesitan JavaScript y un navegador actual.
passkey-or = O
passkey-other-way = Iniciar sesión de otra forma

passkey-list = Llaves de acceso
passkey-list-lead = Con una llave de acceso inicia sesión con huella, rostro o bloqueo de pantalla, sin contraseña. No se puede adivinar y solo funciona aquí.
passkey-count =
    { $passkeys ->
        [0] Todavía no tiene ninguna
        [one] Tiene una
       *[other] Tiene { $passkeys }
    }
passkey-manage = Gestionar
passkey-synced = En todos sus dispositivos
passkey-one-device = En un solo dispositivo
passkey-added = Añadida { $when }
passkey-last-used = Usada { $when }
passkey-rename = Cambiar el nombre
passkey-name = Nombre de la llave de acceso
passkey-save = Guardar
passkey-remove = Eliminar
passkey-new-name = Nombre de la nueva llave de acceso
passkey-add = Añadir una llave de acceso
passkey-no-name = Escriba un nombre de 64 caracteres como máximo.
passkey-not-made = La llave de acceso no se ha añadido. Quizá ya esté en este dispositivo. Inténtelo de nuevo.
passkey-not-added = Esta llave de acceso ya se usa, o ya tiene el máximo posible.
passkey-last = Es su única forma de iniciar sesión. Antes, establezca una contraseña o añada otra llave de acceso.
passkey-unavailable = Las llaves de acceso necesitan un nombre de dominio. A este servidor se llega por su dirección IP.
passkey-done-added = Su llave de acceso se ha añadido.
passkey-done-renamed = El nuevo nombre se ha guardado.
passkey-done-removed = La llave de acceso se ha eliminado. También puede borrarla en su dispositivo.
