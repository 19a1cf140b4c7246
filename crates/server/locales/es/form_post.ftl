form-post-title = Volver a la aplicación
form-post-heading = Volviendo a { $app }
form-post-noscript = Los scripts están desactivados en este navegador, así que hace falta un clic más.
form-post-continue = Continuar
