federation-again = Iniciar sesión de nuevo

federation-refused = No ha iniciado sesión
federation-refused-what = { $provider } rechazó el inicio de sesión, o usted lo interrumpió allí.
federation-refused-advice = Inténtelo de nuevo, o inicie sesión de otra manera.

federation-unavailable = { $provider } no responde
federation-unavailable-what = No pudimos contactar con { $provider }, o no funciona en este momento.
federation-unavailable-advice = Espere un minuto e inténtelo de nuevo, o inicie sesión de otra manera.

federation-failed = El inicio de sesión falló
federation-failed-what = No pudimos aceptar la respuesta de { $provider }. No ha iniciado sesión.
federation-failed-advice = Inténtelo de nuevo. Si vuelve a ocurrir, avise a los responsables de este sitio.

federation-start-again = Empiece de nuevo
federation-start-again-what = Esta respuesta de { $provider } no corresponde a ningún inicio de sesión de este navegador, o llegó demasiado tarde.
federation-start-again-advice = Empiece aquí de nuevo y siga en el mismo navegador hasta el final.

federation-not-fresh = Inicie sesión allí de nuevo
federation-not-fresh-what = La aplicación pide un nuevo inicio de sesión, pero { $provider } usó uno anterior.
federation-not-fresh-advice = Cierre la sesión en { $provider } e inténtelo de nuevo.

federation-no-account = No tiene una cuenta aquí
federation-no-account-what = Ninguna cuenta de aquí corresponde a su cuenta de { $provider }.
federation-no-account-advice = Si tiene una cuenta aquí, inicie sesión y vincule { $provider } en «Seguridad». Si no, pregunte a los responsables de este sitio.

federation-ask-to-link = Ya tiene una cuenta aquí
federation-ask-to-link-what = Hay una cuenta con la dirección { $email }. Para protegerla, solo usted puede vincularle { $provider }.
federation-ask-to-link-advice = Inicie sesión como antes. Después podrá vincular { $provider } con un clic.
federation-ask-to-link-go = Iniciar sesión en su cuenta

federation-linked = Pertenece a otra cuenta
federation-linked-what = Esta cuenta de { $provider } ya está vinculada a otra cuenta de aquí.
federation-linked-advice = Inicie sesión con { $provider } para usar esa cuenta, o desvincúlela allí primero.

federation-disabled = Esta cuenta no se puede usar
federation-disabled-what = La cuenta que corresponde a su cuenta de { $provider } está desactivada.
federation-disabled-advice = Pregunte a los responsables de este sitio.

federation-links = Cuentas vinculadas
federation-links-lead = Inicie sesión aquí con una cuenta de otro proveedor.
federation-links-add = Vincular { $provider }
federation-links-remove = Desvincular
federation-links-last = Es su única manera de iniciar sesión. Vincule antes otra cuenta o pida una contraseña.
federation-links-open = Cuentas de otros proveedores
federation-done-linked = La cuenta está vinculada. Desde ahora puede iniciar sesión con ella.
federation-done-unlinked = La cuenta está desvinculada.

federation-link-title = ¿Vincular { $provider }?
federation-link-who = Ha iniciado sesión en { $provider } como { $label }.
federation-link-what = Quien inicie sesión allí así entrará desde ahora en su cuenta { $user } aquí. Vincúlela solo si ambas son suyas.
federation-link-yes = Vincular
federation-link-no = Ahora no
