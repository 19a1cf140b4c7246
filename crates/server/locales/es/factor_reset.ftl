factor-reset-title = Quitar sus segundos pasos
factor-reset-for = Para la cuenta { $user }
factor-reset-lead = Se quitarán su aplicación de autenticación, sus llaves de acceso, sus códigos de respaldo y sus dispositivos de confianza. Después basta su contraseña para iniciar sesión, hasta que configure un nuevo segundo paso.
factor-reset-remove = Quitar todos los segundos pasos
factor-reset-not-you = ¿No lo pidió, o ya tiene de nuevo su segundo paso? Inicie sesión con él: este enlace dejará de funcionar.
factor-reset-early = Este enlace funciona a partir de { $when }.
factor-reset-done = Se quitaron sus segundos pasos
factor-reset-done-lead = Inicie sesión con su contraseña y configure un nuevo segundo paso.
